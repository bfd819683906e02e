#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/aws_profile.h"
#include "server/discovery/aws_credentials.h"
#include "server/discovery/consul_discovery.h"
#include "server/discovery/docker_discovery.h"
#include "server/discovery/ec2_discovery.h"
#include "server/discovery/group_json.h"
#include "server/discovery/xml.h"

namespace meerkat::discovery {
namespace {

TEST(GroupJson, ReadsStrictly) {
  const auto groups = ParseGroups(
      R"([{"targets":["a:1","b:2"],"labels":{"x":"y"}},{"targets":[]}])", "http://u", "__meta_url");
  ASSERT_TRUE(groups);
  ASSERT_EQ(groups->size(), 2u);
  EXPECT_EQ((*groups)[0].targets[1].ToString(), "{__address__=\"b:2\"}");
  EXPECT_EQ((*groups)[0].labels.ToString(), "{__meta_url=\"http://u\", x=\"y\"}");
  EXPECT_EQ((*groups)[1].source, "http://u:1");
  for (const char* bad : {"{}", "[1]", "[null]", "[{\"targets\":1}]", "[{\"labels\":{\"a\":1}}]",
                          "[{\"target\":[]}]", "nonsense"}) {
    EXPECT_FALSE(ParseGroups(bad, "u", "__meta_url")) << bad;
  }
}

TEST(Docker, OneTargetForEachNetworkAndPort) {
  const Json containers = Json::parse(R"([
    {"Id":"c1","Names":["/web"],"Image":"img","HostConfig":{"NetworkMode":"front"},
     "Labels":{"com.example/a b":"v"},
     "Ports":[{"PrivatePort":80,"PublicPort":8080,"IP":"0.0.0.0","Type":"tcp"},
              {"PrivatePort":53,"Type":"udp"}],
     "NetworkSettings":{"Networks":{"front":{"NetworkID":"n1","IPAddress":"10.0.0.2"}}}},
    {"Id":"c2","Names":["/side"],"HostConfig":{"NetworkMode":"container:c1"},"Ports":[],
     "NetworkSettings":{"Networks":{}}},
    {"Id":"c3","Names":["/host"],"HostConfig":{"NetworkMode":"host"},"Ports":[],
     "NetworkSettings":{"Networks":{"host":{"NetworkID":"n2","IPAddress":""}}}}])");
  const Json networks = Json::parse(
      R"([{"Id":"n1","Name":"front","Scope":"local","Internal":false,"Ingress":false}])");
  const TargetGroup group = DockerTargets({}, containers, networks);
  ASSERT_EQ(group.targets.size(), 3u);
  const Labels& web = group.targets[0];
  EXPECT_EQ(web.Get("__address__"), "10.0.0.2:80");
  EXPECT_EQ(web.Get("__meta_docker_container_name"), "/web");
  EXPECT_EQ(web.Get("__meta_docker_container_label_com_example_a_b"), "v");
  EXPECT_EQ(web.Get("__meta_docker_port_public"), "8080");
  EXPECT_EQ(web.Get("__meta_docker_network_name"), "front");
  EXPECT_EQ(web.Get("__meta_docker_network_internal"), "false");
  EXPECT_EQ(group.targets[1].Get("__address__"), "10.0.0.2:80");
  EXPECT_EQ(group.targets[2].Get("__address__"), "localhost");
}

TEST(DockerSwarm, TasksCarryTheirServiceAndNode) {
  const Json services = Json::parse(R"([{"ID":"s1","Spec":{"Name":"api","Mode":{"Replicated":{}},
    "Labels":{"tier":"back"}},"Endpoint":{"Ports":[{"Protocol":"tcp","PublishedPort":9000,
    "PublishMode":"ingress"}],"VirtualIPs":[{"NetworkID":"n1","Addr":"10.1.0.9/24"}]}}])");
  const Json tasks = Json::parse(R"([{"ID":"t1","Slot":2,"ServiceID":"s1","NodeID":"m1",
    "DesiredState":"running","Status":{"State":"running","ContainerStatus":{"ContainerID":"c"},
    "PortStatus":{}},"NetworksAttachments":[{"Network":{"ID":"n1"},"Addresses":["10.1.0.5/24"]}]}])");
  const Json nodes = Json::parse(R"([{"ID":"m1","Spec":{"Role":"manager","Availability":"active"},
    "Description":{"Hostname":"h","Platform":{"OS":"linux","Architecture":"x86_64"}},
    "Status":{"State":"ready","Addr":"192.0.2.1"},"ManagerStatus":{"Leader":true,
    "Reachability":"reachable","Addr":"192.0.2.1:2377"}}])");
  const TargetGroup found = SwarmTaskTargets({}, tasks, services, nodes, Json::array());
  ASSERT_EQ(found.targets.size(), 1u);
  EXPECT_EQ(found.targets[0].Get("__address__"), "10.1.0.5:9000");
  EXPECT_EQ(found.targets[0].Get("__meta_dockerswarm_task_slot"), "2");
  EXPECT_EQ(found.targets[0].Get("__meta_dockerswarm_service_label_tier"), "back");
  EXPECT_EQ(found.targets[0].Get("__meta_dockerswarm_node_hostname"), "h");
  EXPECT_EQ(SwarmServiceTargets({}, services, Json::array()).targets[0].Get("__address__"),
            "10.1.0.9:9000");
  const TargetGroup by_node = SwarmNodeTargets({}, nodes);
  EXPECT_EQ(by_node.targets[0].Get("__address__"), "192.0.2.1:80");
  EXPECT_EQ(by_node.targets[0].Get("__meta_dockerswarm_node_manager_leader"), "true");
}

TEST(Consul, WrapsTagsAndFindsTheAddress) {
  const Json entries = Json::parse(R"([
    {"Node":{"Node":"n","Address":"10.0.0.1","Meta":{"k":"v"},"TaggedAddresses":{"lan":"10.0.0.1"}},
     "Service":{"ID":"i","Address":"","Port":80,"Tags":["a","b"],"Meta":{"m":"w"}},
     "Checks":[{"CheckID":"x","Status":"passing"},{"CheckID":"y","Status":"critical"}]}])");
  const TargetGroup group = ConsulTargets({}, "web", "dc1", entries);
  ASSERT_EQ(group.targets.size(), 1u);
  EXPECT_EQ(group.labels.ToString(), "{__meta_consul_dc=\"dc1\", __meta_consul_service=\"web\"}");
  EXPECT_EQ(group.targets[0].Get("__address__"), "10.0.0.1:80");
  EXPECT_EQ(group.targets[0].Get("__meta_consul_tags"), ",a,b,");
  EXPECT_EQ(group.targets[0].Get("__meta_consul_health"), "critical");
  EXPECT_EQ(group.targets[0].Get("__meta_consul_metadata_k"), "v");
  EXPECT_EQ(group.targets[0].Get("__meta_consul_service_metadata_m"), "w");
  ConsulSd picky;
  picky.services = {"web"};
  picky.tags = {"a"};
  EXPECT_TRUE(ConsulWants(picky, "web", Json::parse(R"(["a","b"])")));
  EXPECT_FALSE(ConsulWants(picky, "web", Json::parse(R"(["b"])")));
  EXPECT_FALSE(ConsulWants(picky, "db", Json::parse(R"(["a"])")));
}

TEST(AwsCredentials, AProfileIsASectionOfTheFile) {
  constexpr std::string_view kFile =
      "# mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B=\n\n"
      "[ other ]\r\naws_access_key_id = C\r\naws_secret_access_key = D\r\naws_session_token = E\r\n"
      "[half]\naws_access_key_id = F\n";
  const auto first = AwsKeysOfProfile(kFile, "default");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->access_key, "A");
  EXPECT_EQ(first->secret_key, "B=");
  const auto other = AwsKeysOfProfile(kFile, "other");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->secret_key, "D");
  EXPECT_EQ(other->session_token, "E");
  EXPECT_FALSE(AwsKeysOfProfile(kFile, "half"));
  EXPECT_FALSE(AwsKeysOfProfile(kFile, "none"));
}

TEST(Ec2, ReadsInstances) {
  Ec2Sd config;
  config.region = "eu-1";
  const Ec2Page page = Ec2Targets(config, {{"eu-1a", "z1"}}, R"(<?xml version="1.0"?>
<DescribeInstancesResponse><reservationSet><item><ownerId>o</ownerId><instancesSet><item>
<instanceId>i-1</instanceId><privateIpAddress>10.0.0.7</privateIpAddress><subnetId>s1</subnetId>
<vpcId>v</vpcId><placement><availabilityZone>eu-1a</availabilityZone></placement>
<instanceState><code>16</code><name>running</name></instanceState>
<networkInterfaceSet><item><subnetId>s1</subnetId></item><item><subnetId>s2</subnetId><attachment>
<deviceIndex>1</deviceIndex></attachment><ipv6AddressesSet><item><ipv6Address>fd::1</ipv6Address>
<isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet></item></networkInterfaceSet><tagSet><item><key>App Name</key><value>a&amp;b</value></item></tagSet>
</item><item><instanceId>i-2</instanceId></item></instancesSet></item></reservationSet>
<nextToken>more</nextToken></DescribeInstancesResponse>)");
  EXPECT_EQ(page.next_token, "more");
  ASSERT_EQ(page.targets.size(), 1u);
  EXPECT_EQ(page.targets[0].Get("__address__"), "10.0.0.7:80");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_availability_zone_id"), "z1");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_subnet_id"), ",s1,s2,");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_ipv6_addresses"), ",fd::1,");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_primary_ipv6_addresses"), ",,fd::1,");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_tag_App_Name"), "a&b");
  EXPECT_EQ(page.targets[0].Get("__meta_ec2_instance_state"), "running");
}

TEST(Xml, IsBoundedOnHostileInput) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_EQ(ParseXml(deep).name, "a");
  EXPECT_EQ(ParseXml("").name, "");
  EXPECT_EQ(ParseXml("<a>&#65;&lt;&bad;</a>").text, "A<");
}

}  // namespace
}  // namespace meerkat::discovery
