//! What is printed once everything runs: where it is, and what to type next.

use std::io::Write;

use octavia_cloud::{NetworkDriver, Subnet};

use crate::failure::Failure;

/// Prints the greeting to standard output.
pub(super) async fn print(endpoint: &str, network: &dyn NetworkDriver) -> Result<(), Failure> {
    let subnets = network
        .subnets()
        .await
        .map_err(|error| Failure::Other(error.into()))?;
    let text = text(endpoint, &subnets);
    // All-in-one serves as well when nobody reads its standard output.
    writeln!(std::io::stdout().lock(), "{text}").ok();
    Ok(())
}

fn text(endpoint: &str, subnets: &[Subnet]) -> String {
    let subnet = subnets.first();
    let name = subnet.map_or("private-subnet", |subnet| &subnet.name);
    let cidr = subnet.map_or_else(String::new, |subnet| subnet.cidr.to_string());
    format!(
        "
  Octavia answers on {endpoint}
  subnet for load balancers: {name}  {cidr}

  In another terminal, with the client from PyPI (pip install python-openstackclient python-octaviaclient):

    export OS_AUTH_TYPE=none OS_ENDPOINT={endpoint}
    openstack loadbalancer create --name lb1 --vip-subnet-id {name}
    openstack loadbalancer listener create --name listener1 --protocol HTTP --protocol-port 8000 lb1
    openstack loadbalancer pool create --name pool1 --protocol HTTP --lb-algorithm ROUND_ROBIN --listener listener1

  Ctrl-C stops everything; the next start brings every load balancer back.
"
    )
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn the_greeting_says_where_it_is_and_what_to_type() {
        let subnet = Subnet {
            id: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
            name: "private-subnet".to_owned(),
            network_id: "00000000-0000-4000-8000-000000000002".parse().unwrap(),
            cidr: "127.98.0.0/24".parse().unwrap(),
            gateway: None,
        };
        insta::assert_snapshot!(text("http://127.0.0.1:9876", &[subnet]).trim().replace("\n  ", "\n"), @r"
        Octavia answers on http://127.0.0.1:9876
        subnet for load balancers: private-subnet  127.98.0.0/24

        In another terminal, with the client from PyPI (pip install python-openstackclient python-octaviaclient):

          export OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:9876
          openstack loadbalancer create --name lb1 --vip-subnet-id private-subnet
          openstack loadbalancer listener create --name listener1 --protocol HTTP --protocol-port 8000 lb1
          openstack loadbalancer pool create --name pool1 --protocol HTTP --lb-algorithm ROUND_ROBIN --listener listener1

        Ctrl-C stops everything; the next start brings every load balancer back.
        ");
    }
}
