using System.Globalization;
using Cozy.Fleet.Bench.Memory;
using Cozy.Fleet.Bench.SideBySide;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var check = args.Contains("--check");
switch (args.Where(word => word != "--check").ToArray())
{
    case [] or ["memory"]:
        InMemory.Run();
        return 0;
    case ["tftp"]:
        return await CompareAsync(TftpBench.RunAsync);
    case ["http"]:
        return await CompareAsync(HttpBench.RunAsync);
    case ["dhcp"]:
        return await CompareAsync(DhcpBench.RunAsync);
    case ["storm"]:
        return await CompareAsync(StormBench.RunAsync);
    case ["boot"]:
        return await CompareAsync(BootBench.RunAsync);
    default:
        Console.Error.WriteLine("usage: bench [memory | tftp | http | dhcp | storm | boot] [--check]");
        return 2;
}

async Task<int> CompareAsync(Func<Task<IReadOnlyList<Compared>>> bench)
{
    // A network namespace of our own starts with its loopback down.
    await Tool.RunAsync("ip", "link", "set", "lo", "up");
    return Table.Print(args[0], await bench(), check);
}
