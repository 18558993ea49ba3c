//! A run as a Gantt chart: a row per unit, by layer. Stretches in which nothing ran are drawn short.
use super::escape;
use crate::view::{
    shown::clipped,
    time,
    timeline::{Doing, Timeline},
};
use std::fmt::Write as _;

/// Rows that are drawn; the longest are kept.
const MOST: usize = 300;
const ROW: usize = 24;
const LABEL: f64 = 250.0;
const WIDTH: f64 = 820.0;
/// Width of a stretch in which nothing ran.
const BREAK: f64 = 30.0;

/// A unit of the chart.
pub struct Row<'a> {
    /// Its position in the timeline.
    pub unit: usize,
    /// Its name.
    pub label: String,
    /// Its layer.
    pub layer: &'a str,
    /// The element of the page that tells more.
    pub link: String,
}

/// The chart; nothing where nothing took time. Rows stand in the order of their layers.
pub fn svg(timeline: &Timeline, rows: &[Row<'_>]) -> String {
    let mut rows: Vec<&Row<'_>> = rows
        .iter()
        .filter(|r| !timeline.units[r.unit].bars.is_empty())
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let cut = rows.len().saturating_sub(MOST);
    if cut > 0 {
        let worth = |r: &Row<'_>| {
            let unit = &timeline.units[r.unit];
            let failed = unit.bars.iter().any(|b| b.failed);
            (timeline.slowest.contains(&r.unit) || failed, unit.work())
        };
        let mut ranked: Vec<(bool, u64)> = rows.iter().map(|r| worth(r)).collect();
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        let least = ranked[MOST - 1];
        rows.retain(|r| worth(r) >= least);
        rows.truncate(MOST);
    }
    let axis = Axis::of(timeline);
    let layers = rows.chunk_by(|a, b| a.layer == b.layer).count();
    let height = 30 + (rows.len() + layers) * ROW + 8;
    let width = LABEL + WIDTH + 60.0;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<div class=\"scroll\"><svg role=\"img\" aria-label=\"what ran when\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    for (at, label) in axis.ticks() {
        let x = axis.x(at);
        let _ = writeln!(
            out,
            "<path class=\"tick\" d=\"M{x:.1} 20 V{height}\" /><text class=\"title\" x=\"{x:.1}\" y=\"14\" text-anchor=\"middle\">{}</text>",
            escape(&label)
        );
    }
    let mut y = 30;
    for of_layer in rows.chunk_by(|a, b| a.layer == b.layer) {
        let _ = writeln!(
            out,
            "<text class=\"title\" x=\"8\" y=\"{}\">{}</text>",
            y + 16,
            escape(&clipped(of_layer[0].layer, 34))
        );
        y += ROW;
        for row in of_layer {
            draw(&mut out, timeline, row, &axis, y);
            y += ROW;
        }
    }
    out.push_str("</svg></div>\n");
    if cut > 0 {
        let _ = writeln!(
            out,
            "<p class=\"faint\">{cut} units that took less time are not drawn.</p>"
        );
    }
    out
}

fn draw(out: &mut String, timeline: &Timeline, row: &Row<'_>, axis: &Axis, y: usize) {
    let unit = &timeline.units[row.unit];
    let slow = timeline.slowest.contains(&row.unit);
    let (class, mark) = if slow { ("slow", "◆ ") } else { ("", "") };
    let _ = write!(
        out,
        "<g class=\"{class}\"><a href=\"#{}\"><text class=\"name\" x=\"20\" y=\"{}\">{mark}{}</text></a>",
        escape(&row.link),
        y + 15,
        escape(&clipped(&row.label, 28))
    );
    let mut end: f64 = LABEL;
    for bar in &unit.bars {
        let (from, to) = (axis.x(bar.from), axis.x(bar.to));
        // told apart by their height and line too, not by colour alone
        let (class, word, thin) = match bar.doing {
            Doing::Acting => ("", "ran", 0),
            Doing::Verifying => (" verify", "was verified", 4),
            Doing::Waiting => (" wait", "waited", 0),
        };
        let (failed, how) = if bar.failed {
            (" failed", ", without success")
        } else {
            ("", "")
        };
        let _ = write!(
            out,
            "<rect class=\"bar{class}{failed}\" x=\"{from:.1}\" y=\"{}\" width=\"{:.1}\" height=\"{}\" rx=\"2\"><title>{}: {word} {} from {}{how}</title></rect>",
            y + 5 + thin,
            (to - from).max(2.0),
            ROW - 10 - 2 * thin,
            escape(&row.label),
            time::duration(bar.to - bar.from),
            time::duration(bar.from.saturating_sub(timeline.from)),
        );
        if bar.failed {
            let _ = write!(out, "<text x=\"{:.1}\" y=\"{}\">✗</text>", to + 2.0, y + 15);
        }
        end = end.max(to + if bar.failed { 14.0 } else { 3.0 });
    }
    let _ = writeln!(
        out,
        "<text class=\"title\" x=\"{end:.1}\" y=\"{}\">{}</text></g>",
        y + 15,
        time::duration(unit.work())
    );
}

/// Times to places: stretches of work to scale, long stretches without any as a short break.
struct Axis {
    /// Begin and end of a stretch, and where it begins and ends in the chart.
    stretches: Vec<(u64, u64, f64, f64)>,
    begin: u64,
}

impl Axis {
    fn of(timeline: &Timeline) -> Self {
        let mut busy: Vec<(u64, u64)> = timeline
            .units
            .iter()
            .flat_map(|u| &u.bars)
            .filter(|b| b.doing != Doing::Waiting)
            .map(|b| (b.from, b.to))
            .collect();
        busy.extend([(timeline.from, timeline.from), (timeline.to, timeline.to)]);
        busy.sort_unstable();
        let total = busy.iter().map(|(from, to)| to - from).sum::<u64>();
        // shorter pauses belong to the work around them
        let pause = (total / 5).max(2_000);
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (from, to) in busy {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(pause) => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        let length = joined
            .iter()
            .map(|(from, to)| to - from)
            .sum::<u64>()
            .max(1);
        let breaks = BREAK * (joined.len() - 1) as f64;
        let scale = (WIDTH - breaks).max(WIDTH / 4.0) / length as f64;
        let mut x = LABEL;
        let stretches = joined
            .into_iter()
            .map(|(from, to)| {
                let begin = x;
                let end = begin + (to - from) as f64 * scale;
                x = end + BREAK;
                (from, to, begin, end)
            })
            .collect();
        Self {
            stretches,
            begin: timeline.from,
        }
    }
    fn x(&self, at: u64) -> f64 {
        let mut x = LABEL;
        for (from, to, begin, end) in &self.stretches {
            if at < *from {
                // in a break
                return x + BREAK / 2.0;
            }
            if at <= *to {
                let part = (at - from) as f64 / (to - from).max(1) as f64;
                return begin + part * (end - begin);
            }
            x = *end;
        }
        x
    }
    /// Where a line with a time stands.
    fn ticks(&self) -> Vec<(u64, String)> {
        let label = |at: u64| time::duration(at.saturating_sub(self.begin));
        match self.stretches.as_slice() {
            [(from, to, ..)] => (0..=4)
                .map(|i| from + (to - from) * i / 4)
                .map(|at| (at, label(at)))
                .collect(),
            many => many
                .iter()
                .take(20)
                .map(|(from, ..)| (*from, label(*from)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::timeline::{Bar, Fate};

    fn timeline(bars: &[(u64, u64)]) -> Timeline {
        let units = crate::view::timeline::for_tests(
            bars.iter()
                .map(|(from, to)| Bar {
                    doing: Doing::Acting,
                    from: *from,
                    to: *to,
                    failed: false,
                })
                .collect(),
            Fate::Done,
        );
        Timeline {
            units,
            from: bars[0].0,
            to: bars[bars.len() - 1].1,
            slowest: vec![],
        }
    }

    #[test]
    fn work_is_to_scale_and_a_long_pause_is_short() {
        let axis = Axis::of(&timeline(&[(0, 10_000), (10_000, 20_000)]));
        assert_eq!(axis.stretches.len(), 1);
        assert!((axis.x(10_000) - (LABEL + WIDTH / 2.0)).abs() < 0.01);
        let days = 3 * 86_400_000;
        let axis = Axis::of(&timeline(&[(0, 10_000), (days, days + 10_000)]));
        assert_eq!(axis.stretches.len(), 2);
        assert!((axis.x(days) - axis.x(10_000) - BREAK).abs() < 0.01);
        assert!((axis.x(days + 10_000) - (LABEL + WIDTH)).abs() < 0.01);
    }
}
