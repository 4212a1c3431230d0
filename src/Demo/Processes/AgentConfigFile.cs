namespace Cozy.Fleet.Demo.Processes;

/// <summary>The agent's configuration: an address instead of an interface, and ports that need no root.</summary>
internal static class AgentConfigFile
{
    public static string WithCoordinator(RunDirectory directory, Loopback network) =>
        Alone(directory, network) +
        $"""
        coordinator:
          endpoint: https://127.0.0.1:{network.CoordinatorPort}

        """;

    /// <summary>An agent that boots machines from what it has stored, and talks to nobody.</summary>
    public static string Alone(RunDirectory directory, Loopback network) =>
        $"""
        rack: {Documents.RackName}
        data: {directory.AgentData}
        network:
          address: {network.Agent}
        dhcp:
          mode: server
          port: {Loopback.DhcpPort}
          bootServicePort: {Loopback.BootServicePort}
          subnets:
            - network: {network.Network}
              ranges: [{network.Range}]
        tftp:
          port: {Loopback.TftpPort}
        http:
          port: {Loopback.HttpPort}
        ipxe:
          directory: {directory.Loaders}

        """;
}
