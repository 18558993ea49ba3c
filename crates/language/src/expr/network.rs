//! Addresses of IP networks, with the meaning of Terraform's `cidrsubnet` and `cidrhost`.
use std::net::IpAddr;

fn parse(prefix: &str) -> Result<(IpAddr, u32, u32), String> {
    let bad = || format!("`{prefix}` is not a network such as 10.1.0.0/16");
    let (address, bits) = prefix.split_once('/').ok_or_else(bad)?;
    let address: IpAddr = address.parse().map_err(|_| bad())?;
    let bits: u32 = bits.parse().map_err(|_| bad())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    if bits > width { Err(bad()) } else { Ok((address, bits, width)) }
}

fn number(a: IpAddr) -> u128 {
    match a {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    }
}

fn address(n: u128, width: u32) -> IpAddr {
    if width == 32 { IpAddr::V4((n as u32).into()) } else { IpAddr::V6(n.into()) }
}

fn network(n: u128, bits: u32, width: u32) -> u128 {
    let host = width - bits;
    if host >= 128 { 0 } else { n >> host << host }
}

/// The subnet number `n` of a network that is `more` bits longer.
pub(super) fn subnet(prefix: &str, more: u32, n: u32) -> Result<String, String> {
    let (a, bits, width) = parse(prefix)?;
    let longer = bits.saturating_add(more);
    if longer > width {
        return Err(format!("`{prefix}` cannot be {more} bits longer"));
    }
    if more < 32 && u64::from(n) >= 1_u64 << more {
        return Err(format!("`{prefix}` has no subnet {n} with {more} more bits"));
    }
    let shift = width - longer;
    let base = network(number(a), bits, width) | if shift >= 128 { 0 } else { u128::from(n) << shift };
    Ok(format!("{}/{longer}", address(base, width)))
}

/// The address number `n` of a network.
pub(super) fn host(prefix: &str, n: u32) -> Result<String, String> {
    let (a, bits, width) = parse(prefix)?;
    let free = width - bits;
    if free < 32 && u64::from(n) >= 1_u64 << free {
        return Err(format!("`{prefix}` has no address {n}"));
    }
    Ok(address(network(number(a), bits, width) | u128::from(n), width).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets_are_terraforms() {
        // examples of Terraform's documentation of cidrsubnet and cidrhost
        assert_eq!(subnet("172.16.0.0/12", 4, 2).unwrap(), "172.18.0.0/16");
        assert_eq!(subnet("10.1.2.0/24", 4, 15).unwrap(), "10.1.2.240/28");
        assert_eq!(subnet("fd00:fd12:3456:7890::/56", 16, 162).unwrap(), "fd00:fd12:3456:7800:a200::/72");
        assert_eq!(host("10.12.112.0/20", 16).unwrap(), "10.12.112.16");
        assert_eq!(host("10.12.112.0/20", 268).unwrap(), "10.12.113.12");
        assert!(subnet("10.0.0.0/8", 2, 4).is_err() && host("10.0.0.0/30", 4).is_err() && subnet("x", 1, 1).is_err());
    }
}
