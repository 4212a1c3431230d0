using Cozy.Fleet.Bench;

// What can be measured, by name: `./fleet bench dhcp`.
Dictionary<string, Func<Measurement[]>> benches = new()
{
    ["dhcp"] = DhcpBench.Run,
    ["tftp"] = TftpBench.Run,
};

if (args is not [var name] || !benches.TryGetValue(name, out var run))
{
    Console.Error.WriteLine($"bench: say what to measure: {string.Join(" or ", benches.Keys)}");
    return 2;
}

Report.Print(Console.Out, run());
return 0;
