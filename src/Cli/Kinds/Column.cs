using Google.Protobuf;

namespace Cozy.Fleet.Cli.Kinds;

/// <summary>A column of `get`: the heading and what stands below it, given the present time.</summary>
/// <param name="OnlyWhenAny">Left out while no row has anything in it.</param>
internal sealed record Column(string Heading, Func<IMessage, DateTimeOffset, string> Cell, bool OnlyWhenAny = false)
{
    public static Column Of<T>(string heading, Func<T, string> cell)
        where T : IMessage => new(heading, (message, _) => cell((T)message));

    public static Column WhenAny<T>(string heading, Func<T, string> cell)
        where T : IMessage => new(heading, (message, _) => cell((T)message), OnlyWhenAny: true);
}
