namespace Cozy.Fleet.Scenarios;

/// <summary>A directory of one test, gone with it.</summary>
internal sealed class TestDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cozy-fleet-scenario-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
