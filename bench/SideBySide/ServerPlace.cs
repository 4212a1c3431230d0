namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>Where a server of a bench lives: a network and a folder that are its alone.</summary>
/// <param name="Number">From 0 on; of the network 10.(100 + number).0.0/16.</param>
/// <param name="Folder">For what it serves and what it stores.</param>
internal sealed record ServerPlace(string Name, int Number, string Folder)
{
    /// <summary>The server's address.</summary>
    public string Address => $"{Network}.0.1";

    /// <summary>Ours: of its clients, or of the relay in front of them.</summary>
    public string OurAddress => $"{Network}.0.2";

    public string OurLink => $"to{Number}";

    /// <summary>The first two numbers of the network.</summary>
    public string Network => $"10.{100 + Number}";

    public string Log => this["server.log"];

    public string this[string file] => Path.Combine(Folder, file);

    /// <summary>Places below .run/bench, each with an empty folder.</summary>
    public static ServerPlace[] Make(string bench, params string[] names) => [.. names.Select((name, number) =>
    {
        var folder = Path.GetFullPath(Path.Combine(".run/bench", bench, name));
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        // Servers that drop their rights read it too.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return new ServerPlace(name, number, folder);
    })];
}
