using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Cli.Output;

/// <summary>An event as one line.</summary>
internal static class EventLine
{
    public static string Of(Event happened)
    {
        var severity = happened.Severity == EventSeverity.Warning ? "Warning " : "";
        return $"{Words.Time(happened.Time)} {severity}{happened.Subject} {happened.Reason}: {Table.Printable(happened.Message)}";
    }
}
