using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Coordinator.Enrolment;
using Cozy.Fleet.Coordinator.Storage;
using Cozy.Fleet.Coordinator.Tests.Storage;
using Cozy.Fleet.Pki;

namespace Cozy.Fleet.Coordinator.Tests.Enrolment;

public sealed class CoordinatorCaTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly SteppedClock clock = new();
    private readonly SecretSeal seal = new(RandomNumberGenerator.GetBytes(32));

    public void Dispose() => directory.Dispose();

    [Fact]
    public void The_ca_is_made_once_and_its_key_is_sealed()
    {
        var first = CoordinatorCa.Open(directory.Path, seal, clock);
        var second = CoordinatorCa.Open(directory.Path, seal, clock);

        Assert.Equal(first.Fingerprint, second.Fingerprint);
        Assert.DoesNotContain("PRIVATE", File.ReadAllText(directory.File("ca.key")), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_envelope_key_is_named_as_the_reason()
    {
        CoordinatorCa.Open(directory.Path, seal, clock);

        var refusal = Assert.Throws<StorageException>(
            () => CoordinatorCa.Open(directory.Path, new SecretSeal(RandomNumberGenerator.GetBytes(32)), clock));

        Assert.Contains("seal.key", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("COZY_FLEET_SEAL_KEY", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ca_without_its_key_is_not_replaced()
    {
        CoordinatorCa.Open(directory.Path, seal, clock);
        File.Delete(directory.File("ca.key"));

        Assert.Throws<StorageException>(() => CoordinatorCa.Open(directory.Path, seal, clock));
    }

    [Fact]
    public void Agents_get_thirty_days()
    {
        var ca = CoordinatorCa.Open(directory.Path, seal, clock);
        using var certificate = AgentKey.Certified(ca, "r1");

        Assert.Equal(clock.Now.AddDays(30).UtcDateTime, certificate.NotAfter.ToUniversalTime());
        Assert.Null(CertificateCheck.Refusal(certificate, ca.Certificate, clock.Now.AddMinutes(-4)));
    }

    [Fact]
    public void The_servers_certificate_is_renewed_when_two_thirds_of_its_life_are_over()
    {
        var identity = new ServerIdentity(CoordinatorCa.Open(directory.Path, seal, clock), ["localhost"], clock);
        var first = identity.Present();

        clock.Now = clock.Now.AddDays(59);
        Assert.Same(first, identity.Present());
        clock.Now = clock.Now.AddDays(2);

        Assert.NotEqual(first.TargetCertificate.SerialNumber, identity.Present().TargetCertificate.SerialNumber);
    }

    [Fact]
    public void The_server_has_the_names_by_which_it_is_dialled()
    {
        var names = ServerIdentity.Names(new(IPAddress.Parse("10.1.2.3"), 7443), new("https://fleet.example.com:7443"), "jump");
        var any = ServerIdentity.Names(new(IPAddress.Any, 7443), null, "localhost");

        Assert.Equal(["localhost", "127.0.0.1", "::1", "10.1.2.3", "jump", "fleet.example.com"], names);
        Assert.Equal(["localhost", "127.0.0.1", "::1"], any);
    }

    [Fact]
    public void The_context_file_is_written_once_and_again_when_it_does_not_fit()
    {
        var context = new AdminContext(CoordinatorCa.Open(directory.Path, seal, clock), directory.Path, clock);
        var (here, there) = (new Uri("https://127.0.0.1:7443/"), new Uri("https://fleet.example.com:7443/"));
        context.Write(here);
        var first = File.ReadAllText(context.Path);
        Assert.Contains("\nendpoint: https://127.0.0.1:7443\nca: |\n  -----BEGIN CERTIFICATE-----\n", first, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(context.Path));

        context.Write(here);
        Assert.Equal(first, File.ReadAllText(context.Path));

        context.Write(there);
        var moved = File.ReadAllText(context.Path);
        Assert.NotEqual(first, moved);

        clock.Now = clock.Now.AddDays(61);
        context.Write(there);
        Assert.NotEqual(moved, File.ReadAllText(context.Path));

        File.WriteAllText(context.Path, "[");
        context.Write(there);
        Assert.Contains("endpoint:", File.ReadAllText(context.Path), StringComparison.Ordinal);
    }

    private sealed class SteppedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
