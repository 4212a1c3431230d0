using Cozy.Fleet.Talos.Api.Common;
using Cozy.Fleet.Talos.Api.Machine;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Cozy.Fleet.Talos;

/// <summary>One machine event in words (talos.md 1.3).</summary>
/// <param name="Message">The payload's message, such as <c>MachineStatusEvent</c>.</param>
/// <param name="Text">What it says; empty for messages that tell nothing about the node's state.</param>
/// <param name="IsFailure">Something went wrong on the node.</param>
public sealed record TalosEvent(string Message, string Text, bool IsFailure)
{
    /// <summary>True when a look at the node may show something else than before. Phases and tasks are too small for that.</summary>
    public bool MayChangeState => Text != "";

    /// <summary>
    /// Reads an event of the pull stream or of the sink: their type URLs differ in the prefix alone. Whatever the bytes are, nothing is
    /// thrown: what cannot be read says nothing.
    /// </summary>
    public static TalosEvent From(Any? data)
    {
        var message = data?.TypeUrl is { } url && url.LastIndexOf('.') is >= 0 and var dot ? url[(dot + 1)..] : "";
        try
        {
            return message switch
            {
                nameof(MachineStatusEvent) => Of(MachineStatusEvent.Parser.ParseFrom(data!.Value)),
                nameof(SequenceEvent) => Of(SequenceEvent.Parser.ParseFrom(data!.Value)),
                nameof(ServiceStateEvent) => Of(ServiceStateEvent.Parser.ParseFrom(data!.Value)),
                nameof(ConfigLoadErrorEvent) => new(message, ConfigLoadErrorEvent.Parser.ParseFrom(data!.Value).Error, true),
                nameof(ConfigValidationErrorEvent) => new(message, ConfigValidationErrorEvent.Parser.ParseFrom(data!.Value).Error, true),
                nameof(AddressEvent) => new(message, string.Join(", ", AddressEvent.Parser.ParseFrom(data!.Value).Addresses), false),
                _ => new(message, "", false),
            };
        }
        catch (InvalidProtocolBufferException)
        {
            return new(message, "", false); // Strangers may send anything.
        }
    }

    private static TalosEvent Of(MachineStatusEvent told) => new(
        nameof(MachineStatusEvent), $"{told.Stage}{(told.Status?.Ready == true ? ", ready" : "")}", false);

    // A reboot ends every sequence with a fatal error that names it: that is how Talos stops them (talos.md 0, trap 12).
    private static TalosEvent Of(SequenceEvent told)
    {
        var error = told.Error?.Message ?? "";
        var rebooted = told.Error?.Code == Error.Types.Code.Fatal && error.Contains("unix.Reboot", StringComparison.Ordinal);
        var text = $"sequence {told.Sequence} {told.Action}".ToLowerInvariant();
        return new(nameof(SequenceEvent), rebooted || error == "" ? text : $"{text}: {error}", error != "" && !rebooted);
    }

    private static TalosEvent Of(ServiceStateEvent told) => new(
        nameof(ServiceStateEvent), $"service {told.Service} {told.Action}".ToLowerInvariant(),
        told.Action == ServiceStateEvent.Types.Action.Failed);
}
