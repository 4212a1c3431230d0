using Cozy.Fleet.Domain.Agents;
using Cozy.Fleet.Domain.Nodes;

namespace Cozy.Fleet.Coordinator.Tests.Hosting;

internal static class BootReports
{
    /// <summary>The first packet of a machine that was never seen.</summary>
    public static BootReport First(string mac) => new(
        DateTimeOffset.UnixEpoch, "", "s1", BootStage.DhcpOffered, mac, "", "", "10.0.0.5", Firmware.Uefi, Architecture.Amd64, "", "");
}
