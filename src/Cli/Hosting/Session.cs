using Cozy.Fleet.Cli.Connect;
using Cozy.Fleet.Cli.Kinds;
using Grpc.Core;

namespace Cozy.Fleet.Cli.Hosting;

/// <summary>One command's view of the world: a terminal and a coordinator.</summary>
internal sealed record Session(Terminal Terminal, Connection Connection)
{
    public ResourceCalls Resources { get; } = new(Connection);

    public CallInvoker Calls => Connection.Calls;

    public TextWriter Output => Terminal.Output;

    public async Task PrintAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            await Output.WriteLineAsync(line);
        await Output.FlushAsync();
    }

    public Task PrintAsync(string line) => PrintAsync([line]);
}
