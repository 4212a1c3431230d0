using System.Diagnostics;
using System.Globalization;

namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>A machine in QEMU, by software emulation, whose one link hangs on a server's bridge.</summary>
internal static class EmulatedMachine
{
    private const string KernelsFirstLine = "Linux version";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static int count;

    /// <summary>Puts our end of the server's link on a bridge, where machines can be added.</summary>
    public static async Task MakeBridgeAsync(ServerPlace place)
    {
        await Tool.RunAsync("ip", "addr", "flush", "dev", place.OurLink);
        await Tool.RunAsync("ip", "link", "add", Bridge(place), "type", "bridge");
        await Tool.RunAsync("ip", "link", "set", place.OurLink, "master", Bridge(place));
        await Tool.RunAsync("ip", "link", "set", Bridge(place), "up");
    }

    /// <summary>Seconds from power-on until its kernel says its first word. It is switched off again.</summary>
    /// <exception cref="InvalidOperationException">The kernel never said it; the message names the console's log.</exception>
    public static async Task<double> BootAsync(ServerPlace place, bool isUefi)
    {
        var number = Interlocked.Increment(ref count);
        var tap = string.Create(CultureInfo.InvariantCulture, $"tap{number}");
        await Tool.RunAsync("ip", "tuntap", "add", tap, "mode", "tap");
        await Tool.RunAsync("ip", "link", "set", tap, "master", Bridge(place), "up");
        var start = new ProcessStartInfo("qemu-system-x86_64", Arguments(place, isUefi, tap, number))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start) ?? throw new InvalidOperationException("qemu-system-x86_64 could not be started.");
        try
        {
            await UntilKernelAsync(process, clock, place[$"console-{number}.log"]);
            return clock.Elapsed.TotalSeconds;
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            await Tool.RunAsync("ip", "link", "delete", tap);
        }
    }

    private static async Task UntilKernelAsync(Process process, Stopwatch clock, string logFile)
    {
        await using var log = new StreamWriter(logFile) { AutoFlush = true };
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                await log.WriteLineAsync($"{clock.Elapsed.TotalSeconds,6:0.0} {line}".AsMemory(), limit.Token);
                if (line.Contains(KernelsFirstLine, StringComparison.Ordinal))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            throw new InvalidOperationException($"No word of the machine's kernel in {Patience.TotalMinutes} minutes; its console is in {logFile}.");
        }
        var errors = await process.StandardError.ReadToEndAsync(CancellationToken.None);
        throw new InvalidOperationException($"The machine ended before its kernel spoke; its console is in {logFile}: {errors}");
    }

    private static string[] Arguments(ServerPlace place, bool isUefi, string tap, int number)
    {
        var mac = string.Create(CultureInfo.InvariantCulture, $"52:54:00:b0:{number >> 8:x2}:{number & 0xff:x2}");
        return
        [
            // Without graphics SeaBIOS and iPXE talk to the serial line as well.
            "-machine", "q35,accel=tcg,graphics=off", "-cpu", "max", "-m", "768", "-smp", "1",
            "-display", "none", "-vga", "none", "-monitor", "none", "-serial", "stdio",
            // OVMF refuses to start its network stack without a random source (netboot.md 7.1).
            "-device", "virtio-rng-pci",
            .. isUefi ? Firmware(place, number) : [],
            "-netdev", $"tap,id=net0,ifname={tap},script=no,downscript=no",
            "-device", $"virtio-net-pci,netdev=net0,mac={mac},bootindex=1{(isUefi ? ",romfile=" : "")}",
        ];
    }

    private static string[] Firmware(ServerPlace place, int number)
    {
        var variables = place[$"vars-{number}.fd"];
        File.Copy("/usr/share/OVMF/OVMF_VARS_4M.fd", variables);
        return
        [
            "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
            "-drive", $"if=pflash,format=raw,unit=1,file={variables}",
        ];
    }

    private static string Bridge(ServerPlace place) => string.Create(CultureInfo.InvariantCulture, $"rack{place.Number}");
}
