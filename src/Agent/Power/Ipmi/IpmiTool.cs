using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Cozy.Fleet.Contracts.V1;

namespace Cozy.Fleet.Agent.Power.Ipmi;

/// <summary>Runs ipmitool for one command. The password goes in by the child's environment: arguments are for everybody to read.</summary>
internal sealed class IpmiTool(string program, BmcAccess access)
{
    // Two tries of five seconds each for a packet; a session takes six of them.
    private const string PacketSeconds = "5";
    private const string PacketTries = "2";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);

    /// <returns>What it printed.</returns>
    /// <exception cref="BmcException">It failed, with its own words, or the BMC did not answer.</exception>
    public async Task<string> RunAsync(string[] command, CancellationToken cancellation)
    {
        using var process = Start(command);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode == 0 ? await output : throw Failure(await errors + await output);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new BmcException(BmcFailure.Unknown, $"{program} did not end within {Limit.TotalSeconds:0} s");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The whole argument list.</summary>
    public static IReadOnlyList<string> Arguments(Bmc bmc, string[] command)
    {
        var place = new Uri($"ipmi://{bmc.Address}");
        string[] port = place.Port > 0 ? ["-p", place.Port.ToString(CultureInfo.InvariantCulture)] : [];
        string[] suite = bmc.CipherSuite > 0 ? ["-C", bmc.CipherSuite.ToString(CultureInfo.InvariantCulture)] : [];
        return
        [
            "-I", "lanplus", "-H", place.DnsSafeHost, .. port, "-U", bmc.Username, "-E", "-N", PacketSeconds, "-R", PacketTries, .. suite,
            .. command,
        ];
    }

    /// <summary>What its words mean: ipmitool has one exit code for everything.</summary>
    public static BmcException Failure(string words)
    {
        var said = string.Join("; ", words.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        // IPMI does not tell a wrong password from a lost packet.
        if (said.Contains("Unable to establish", StringComparison.Ordinal))
            return new(BmcFailure.Unreachable, "the BMC does not answer, or does not take the user name and the password");
        if (said.Contains("Unable to set", StringComparison.Ordinal))
            return new(BmcFailure.Unknown, $"the BMC did not answer: {said}");
        if (said.Contains("Unable to get", StringComparison.Ordinal))
            return new(BmcFailure.Unreachable, $"the BMC did not answer: {said}");
        return new(BmcFailure.Refused, $"the BMC refuses: {(said == "" ? "without a word" : said)}");
    }

    private Process Start(string[] command)
    {
        var start = new ProcessStartInfo(program, Arguments(access.Bmc, command))
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        (start.Environment["IPMI_PASSWORD"], start.Environment["LC_ALL"]) = (access.Password, "C");
        try
        {
            var process = Process.Start(start) ?? throw new BmcException(BmcFailure.Refused, $"{program} could not be started");
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception failure)
        {
            throw new BmcException(BmcFailure.Refused,
                $"{program} could not be started ({failure.Message}); install Debian's package ipmitool, or see power.ipmitool in the agent's configuration", failure);
        }
    }
}
