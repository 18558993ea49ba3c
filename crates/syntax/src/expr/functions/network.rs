//! `cidrsubnet` and `cidrhost`, as Terraform computes them, for IPv4 and IPv6.
use super::text::{text, whole};
use crate::expr::eval::Wrong;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use strata_core::value::Value;

/// A network: its address without host bits, how many bits name it, how many bits an address has.
struct Network {
    address: u128,
    prefix: u32,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, Wrong> {
        let wrong = || Wrong::new(format!("`{text}` is not a network such as `10.0.0.0/16`"));
        let (address, prefix) = text.split_once('/').ok_or_else(wrong)?;
        let (address, bits) = match address.parse::<IpAddr>().map_err(|_| wrong())? {
            IpAddr::V4(a) => (u128::from(a.to_bits()), 32),
            IpAddr::V6(a) => (a.to_bits(), 128),
        };
        let prefix: u32 = prefix.parse().map_err(|_| wrong())?;
        if prefix > bits {
            return Err(wrong());
        }
        let host = bits - prefix;
        Ok(Self {
            address: cleared(address, host),
            prefix,
            bits,
        })
    }
    fn show(&self, address: u128) -> IpAddr {
        match u32::try_from(address) {
            Ok(short) if self.bits == 32 => IpAddr::V4(Ipv4Addr::from_bits(short)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(address)),
        }
    }
}

/// An address with its last `bits` cleared.
fn cleared(address: u128, bits: u32) -> u128 {
    address
        .checked_shr(bits)
        .and_then(|a| a.checked_shl(bits))
        .unwrap_or(0)
}
/// How many numbers `bits` can count; all of them when that doesn't fit.
fn room(bits: u32) -> u128 {
    1u128.checked_shl(bits).unwrap_or(u128::MAX)
}

/// `cidrsubnet(prefix, newbits, number)`
pub(super) fn subnet(a: &[Value]) -> Result<Value, Wrong> {
    let network = Network::parse(text(&a[0]))?;
    let (new, n) = (whole(&a[1])?, whole(&a[2])?);
    let new = u32::try_from(new)
        .ok()
        .filter(|new| network.prefix + new <= network.bits && *new <= 128);
    let Some(new) = new else {
        return Err(Wrong::new(format!(
            "a /{} network has no room for that many more bits",
            network.prefix
        )));
    };
    let n = u128::try_from(n).ok().filter(|n| *n < room(new));
    let Some(n) = n else {
        return Err(Wrong::new(format!(
            "{new} bits make {} networks; there is no such one",
            room(new)
        )));
    };
    let prefix = network.prefix + new;
    let address = network.address | n.checked_shl(network.bits - prefix).unwrap_or(0);
    Ok(Value::String(format!("{}/{prefix}", network.show(address))))
}

/// `cidrhost(prefix, number)`: a negative number counts from the end.
pub(super) fn host(a: &[Value]) -> Result<Value, Wrong> {
    let network = Network::parse(text(&a[0]))?;
    let n = whole(&a[1])?;
    let room = room(network.bits - network.prefix);
    let offset = if n < 0 {
        room.checked_sub(u128::from(n.unsigned_abs()))
    } else {
        u128::try_from(n).ok()
    };
    match offset.filter(|o| *o < room) {
        Some(offset) => Ok(Value::String(
            network.show(network.address | offset).to_string(),
        )),
        None => Err(Wrong::new(format!(
            "a /{} network has no address number {n}",
            network.prefix
        ))),
    }
}
