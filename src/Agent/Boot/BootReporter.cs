using System.Threading.Channels;
using Cozy.Fleet.Agent.Config;
using Cozy.Fleet.Agent.Session;
using Cozy.Fleet.Contracts.V1;
using Cozy.Fleet.Dhcp;

namespace Cozy.Fleet.Agent.Boot;

/// <summary>Turns what happens during a boot into spans, log lines and journaled reports, without making the machine wait.</summary>
internal sealed partial class BootReporter(AgentConfig config, Journal journal, RefusalCounters refused, ILogger<BootReporter> log) : BackgroundService
{
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<Report> queue = Channel.CreateBounded<Report>(4096);

    /// <summary>What machines load scripts and assets from, with a slash at its end; set when the port is known.</summary>
    public string BootUrl { get; private set; } = $"http://{config.Address}:{config.HttpPort}/";

    /// <summary>Ends when the port is really bound: before that nobody should be told the URL.</summary>
    public Task Ready => ready.Task;

    /// <summary>The same for machines that have IPv6 alone; empty when they are not served.</summary>
    public string BootUrl6 { get; private set; } = "";

    /// <param name="url6">Empty without IPv6.</param>
    public void ServesAt(string url, string url6 = "")
    {
        BootUrl = url.EndsWith('/') ? url : url + "/";
        BootUrl6 = url6 == "" || url6.EndsWith('/') ? url6 : url6 + "/";
        ready.TrySetResult();
    }

    public void DhcpAnswered(BootSession session, DhcpRequest request, DhcpReply reply)
    {
        using var span = session.Span("dhcp");
        span?.SetTag("dhcp.message", reply.MessageType.ToString()).SetTag("dhcp.ipxe", request.IsIpxe)
            .SetTag("dhcp.address", Ipv4.ToAddress(reply.YourAddress).ToString()).SetTag("dhcp.file", reply.Boot?.File);
        if (reply.MessageType == DhcpMessageType.Offer && !request.IsIpxe)
            Add(session, BootStage.DhcpOffered, null, "", reply.YourAddress == 0 ? "" : Ipv4.ToAddress(reply.YourAddress).ToString());
    }

    /// <summary>The same by DHCPv6.</summary>
    public void Dhcp6Answered(BootSession session, bool isIpxe, string address, string url)
    {
        using var span = session.Span("dhcp");
        span?.SetTag("dhcp.message", "Advertise").SetTag("dhcp.ipxe", isIpxe).SetTag("dhcp.address", address).SetTag("dhcp.file", url);
        if (!isIpxe)
            Add(session, BootStage.DhcpOffered, null, "", address);
    }

    public void LoaderFetched(BootSession session) => Add(session, BootStage.LoaderFetched, null, "", "");

    public void Decided(BootSession session, BootPlan plan)
    {
        if (plan.Action == BootAction.Hold && session.Reported is { Action: BootAction.Hold } before && before.Reason == plan.Reason)
            return; // It waits and asks every ten seconds.
        session.Reported = plan;
        var stage = plan.Action switch
        {
            BootAction.Netboot => BootStage.ScriptServed,
            BootAction.Hold => BootStage.Held,
            _ => BootStage.Disk,
        };
        Add(session, stage, plan.Image?.Name, plan.Reason, "");
    }

    public void AssetFetched(BootSession session, AssetKind kind) =>
        Add(session, kind == AssetKind.Kernel ? BootStage.KernelFetched : BootStage.InitramfsFetched, null, "", "");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var report in queue.Reader.ReadAllAsync(stoppingToken))
            await JournalAsync(report);
    }

    // A full disk costs reports, not boots.
    private async Task JournalAsync(Report report)
    {
        try
        {
            await journal.AppendAsync(report);
        }
        catch (IOException failure)
        {
            refused.Count("journal/not-written");
            LogUnwritten(report.BootProgress.SessionId, report.BootProgress.Stage, failure.Message);
        }
    }

    private void Add(BootSession session, BootStage stage, string? image, string reason, string address)
    {
        LogStage(session.Id, session.Mac.ToString(), stage, reason);
        // A full queue means a disk that stands still; the machine boots all the same, and what was seen is lost visibly.
        if (!queue.Writer.TryWrite(Report(session, stage, image, reason, address)))
            LogLost(session.Id, stage);
    }

    private static Report Report(BootSession session, BootStage stage, string? image, string reason, string address) => new()
    {
        Traceparent = session.Traceparent,
        BootProgress = new()
        {
            SessionId = session.Id,
            Stage = stage,
            Mac = session.Mac.ToString(),
            Uuid = session.Uuid?.ToString() ?? "",
            Address = address,
            Firmware = session.Firmware == ClientFirmware.Bios ? Firmware.Bios : Firmware.Uefi,
            Architecture = session.Firmware == ClientFirmware.UefiArm64 ? Architecture.Arm64 : Architecture.Amd64,
            Image = image ?? "",
            Reason = reason,
        },
    };

    [LoggerMessage(LogLevel.Information, "boot {Session} of {Mac}: {Stage} {Reason}")]
    private partial void LogStage(string session, string mac, BootStage stage, string reason);

    [LoggerMessage(LogLevel.Error, "boot {Session}: the report {Stage} is lost: {Error}")]
    private partial void LogUnwritten(string session, BootStage stage, string error);

    [LoggerMessage(LogLevel.Error, "boot {Session}: the report {Stage} is lost, the journal does not keep up")]
    private partial void LogLost(string session, BootStage stage);
}
