namespace Cozy.Fleet.Bench.Memory;

/// <summary>
/// The loops that every machine of a rack passes through, without sockets and disk. No figure here passes or fails anything: they
/// depend on the machine, so compare two commits on the same one, with nothing else running.
/// </summary>
internal static class InMemory
{
    public static void Run()
    {
        Measurement[] measurements =
        [
            DhcpExchanges.Create(),
            TftpTransfers.Create(blockSize: 512, windowSize: 1),
            TftpTransfers.Create(blockSize: 1468, windowSize: 1),
            TftpTransfers.Create(blockSize: 1468, windowSize: 16),
        ];
        Console.WriteLine($"| {"What",-52} | {"Median",12} | {"Lowest",12} | {"Highest",12} | {"Unit",-12} |");
        Console.WriteLine($"|{new string('-', 54)}|{new string('-', 13)}:|{new string('-', 13)}:|{new string('-', 13)}:|{new string('-', 14)}|");
        var results = new List<Result>();
        foreach (var measurement in measurements)
        {
            var result = measurement.Run();
            results.Add(result);
            Console.WriteLine(
                $"| {measurement.Name,-52} | {result.Median,12:N0} | {result.Lowest,12:N0} | {result.Highest,12:N0} | {measurement.Unit,-12} |");
        }
        Console.WriteLine(string.Join("; ", results.Select(r => $"{r.Of.Figure} {r.Median:F0} {r.Of.Unit}")));
    }
}
