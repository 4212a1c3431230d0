namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>The agent as people install it: the native file of `./fleet publish`.</summary>
internal static class AgentServer
{
    /// <summary>
    /// The files in the place's folder <c>files</c> are what it serves, the loaders among them. All machines of a bench
    /// stand behind one address, which may load more than one machine's share.
    /// </summary>
    /// <param name="hasDhcp">False beside servers that do nothing else than that bench's work: the agent's watch for other DHCP servers sees each
    /// packet that comes in, which is a fiftieth of a TFTP block's time.</param>
    public static Task<ServerHost> StartAsync(
        ServerPlace place, string biosLoader = "boot.bin", string uefiLoader = "small.bin", bool hasDhcp = true)
    {
        File.WriteAllText(place["agent.yaml"], $$"""
            rack: bench
            data: {{place["data"]}}
            network: {interface: {{ServerHost.Link}}}
            dhcp:
              mode: {{(hasDhcp ? "server" : "off")}}
              subnets:
                - network: {{place.Network}}.0.0/16
                  ranges: [{{place.Network}}.16.0-{{place.Network}}.250.255]
            tftp: {transfersPerClient: 400}
            ipxe: {directory: {{place["files"]}}, bios: {{biosLoader}}, uefi: {{uefiLoader}}}
            """);
        return ServerHost.StartAsync(place, Path.GetFullPath(".run/native/cozy-fleet-agent"), "--config", place["agent.yaml"]);
    }
}
