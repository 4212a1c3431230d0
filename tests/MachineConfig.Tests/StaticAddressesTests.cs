namespace Cozy.Fleet.MachineConfig.Tests;

public sealed class StaticAddressesTests
{
    public static TheoryData<string, string> Configs => new()
    {
        { "machine: {network: {}}", "" },
        { "machine: {network: {interfaces: [{interface: eth0, dhcp: true}]}}", "" },
        { "machine: {network: {interfaces: [{interface: eth0, addresses: [10.0.0.9/24, 'fd00::9/64']}]}}", "10.0.0.9 fd00::9" },
        { "machine: {network: {interfaces: [{interface: eth0, cidr: 10.0.0.9/24, vip: {ip: 10.0.0.10}}]}}", "10.0.0.9" },
        { "machine: {network: {interfaces: [{interface: lo, addresses: [127.0.0.2/8]}]}}", "" },
        {
            "machine: {network: {interfaces: [{interface: bond0, bond: {mode: 802.3ad}, vlans: [{vlanId: 5, addresses: [10.5.0.9/24]}]}]}}",
            "10.5.0.9"
        },
        {
            "machine: {type: worker}\n---\n{apiVersion: v1alpha1, kind: LinkConfig, name: eth0, addresses: [{address: 10.0.0.9/24}]}\n"
            + "---\n{apiVersion: v1alpha1, kind: Layer2VIPConfig, name: 10.0.0.10, link: eth0}",
            "10.0.0.9"
        },
        { "machine: {network: {interfaces: [{interface: eth0, addresses: [nonsense]}]}}", "" },
    };

    [Theory, MemberData(nameof(Configs))]
    public void Are_what_the_config_gives_to_links(string config, string addresses) =>
        Assert.Equal(addresses, string.Join(' ', StaticAddresses.Of(config)));
}
