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
    case ["http"]:
        return Table.Print("http", await HttpBench.RunAsync(), check);
    case ["dhcp"]:
        return Table.Print("dhcp", await DhcpBench.RunAsync(), check);
    case ["storm"]:
        return Table.Print("storm", await StormBench.RunAsync(), check);
    default:
        Console.Error.WriteLine("usage: bench [memory|tftp|http|dhcp|storm] [--check]");
        return 2;
}
