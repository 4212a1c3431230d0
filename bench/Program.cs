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
        return Table.Print("tftp", await TftpBench.RunAsync(), check);
    default:
        Console.Error.WriteLine("usage: bench [memory|tftp] [--check]");
        return 2;
}
