using Cozy.Fleet.Agent.Config;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Where machines of this rack push what they have to say, as kernel arguments and configs name it (talos.md 3.5, 3.6).</summary>
/// <param name="EventSink">HOST:PORT; empty when this agent takes no events.</param>
/// <param name="KernelLog">tcp://HOST:PORT; empty when it takes no logs.</param>
internal sealed record PushTargets(string EventSink, string KernelLog)
{
    public static readonly PushTargets None = new("", "");

    private const string SinkArgument = "talos.events.sink";
    private const string LogArgument = "talos.logging.kernel";

    /// <summary>What a kernel is started with beside its image's own arguments: of each of these Talos takes the first only.</summary>
    public IEnumerable<string> KernelArguments(IReadOnlyCollection<string> image)
    {
        if (EventSink != "" && !Names(image, SinkArgument))
            yield return $"{SinkArgument}={EventSink}";
        if (KernelLog != "" && !Names(image, LogArgument))
            yield return $"{LogArgument}={KernelLog}";
    }

    // One entry may hold several arguments.
    private static bool Names(IEnumerable<string> arguments, string name) => arguments.SelectMany(entry => entry.Split(' '))
        .Any(argument => argument.StartsWith(name + "=", StringComparison.Ordinal));
}

/// <summary>The ports that are really bound: before they are known, those of the configuration count.</summary>
internal sealed class PushEndpoints(AgentConfig config)
{
    public PushTargets Targets { get; private set; } = Of(config, config.EventSinkPort, config.KernelLogPort);

    public void ServeAt(int eventSinkPort, int kernelLogPort) => Targets = Of(
        config, config.EventSinkPort is null ? null : eventSinkPort, config.KernelLogPort is null ? null : kernelLogPort);

    private static PushTargets Of(AgentConfig config, int? eventSink, int? kernelLog) => new(
        eventSink is > 0 ? $"{config.Address}:{eventSink}" : "", kernelLog is > 0 ? $"tcp://{config.Address}:{kernelLog}" : "");
}
