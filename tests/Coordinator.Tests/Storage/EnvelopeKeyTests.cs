using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Tests.Storage;

public sealed class EnvelopeKeyTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void The_file_is_made_once_and_for_the_owner_only()
    {
        var first = EnvelopeKey.Load(directory.Path, null);

        Assert.Equal(first, EnvelopeKey.Load(directory.Path, null));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory.File("seal.key")));
    }

    [Fact]
    public void The_environment_wins_and_no_file_is_made()
    {
        var key = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();

        Assert.Equal(key, EnvelopeKey.Load(directory.Path, Convert.ToBase64String(key) + "\n"));
        Assert.Empty(Directory.GetFiles(directory.Path));
    }

    [Theory, InlineData("not base64!"), InlineData("c2hvcnQ="), InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_wrong_key_is_refused_and_not_shown(string wrong)
    {
        var refusal = Assert.Throws<StorageException>(() => EnvelopeKey.Load(directory.Path, wrong));

        Assert.Contains("COZY_FLEET_SEAL_KEY does not hold an envelope key", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(wrong, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_named()
    {
        File.WriteAllText(directory.File("seal.key"), "?");

        var refusal = Assert.Throws<StorageException>(() => EnvelopeKey.Load(directory.Path, null));

        Assert.Contains(directory.File("seal.key"), refusal.Message, StringComparison.Ordinal);
    }
}
