using static Cozy.Fleet.Talos.Api.Machine.ApplyConfigurationRequest.Types;

namespace Cozy.Fleet.Simulator.Talos;

/// <content>Configs that a running node is given (talos.md 5.7).</content>
internal sealed partial class TalosRun
{
    private CancellationTokenSource? trial;

    /// <summary>A config that needs a reboot was written down; nothing more is taken until the node is back (talos.md 5.7).</summary>
    public bool IsRebootingForConfig { get; private set; }

    /// <summary>Another config for the installed system: at once, with the next boot, or with one that begins now.</summary>
    public void Reconfigure(NodeConfig config, Mode mode)
    {
        Disk.Reconfigure(config.Yaml);
        if (mode == Mode.NoReboot)
            Config = config;
        Changed();
        IsRebootingForConfig = mode == Mode.Reboot;
        if (IsRebootingForConfig)
            RebootSoon();
    }

    /// <summary>
    /// Active now and never written down; after the time the config that was active before it is active again. That of an earlier try
    /// is such a config, too: only its clock stops. The time is the caller's, however fast a machine's passes.
    /// </summary>
    public void Try(NodeConfig config, TimeSpan timeout)
    {
        KeepTried();
        var before = Config;
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
        lock (gate)
            (Config, trial) = (config, stop);
        Changed();
        Background(() => RevertAsync(before!, timeout, stop));
    }

    /// <summary>What was tried stays active; written down it is not.</summary>
    public void KeepTried()
    {
        lock (gate)
        {
            trial?.Cancel();
            trial = null;
        }
    }

    private async Task RevertAsync(NodeConfig before, TimeSpan timeout, CancellationTokenSource mine)
    {
        using (mine)
            await Task.Delay(timeout, Pace.Clock, mine.Token);
        lock (gate)
        {
            if (trial != mine)
                return;
            (Config, trial) = (before, null);
        }
        Changed();
        machine.Record("reverted", before.Hostname);
    }
}
