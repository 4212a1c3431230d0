using System.Diagnostics;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>The coordinator's spans.</summary>
public static class Telemetry
{
    public const string SourceName = "Cozy.Fleet.Coordinator";

    public static readonly ActivitySource Source = new(SourceName);
}
