using System.Net;
using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>A talosconfig as talosctl writes it: its key is Ed25519, which .NET's own TLS cannot hold (talos.md 0, trap 1).</summary>
public sealed class Ed25519Tests
{
    [Theory]
    [InlineData("v1.6.8")]
    [InlineData("v1.13.9")]
    public async Task A_talosconfig_with_an_Ed25519_key_works(string version)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var node = Connect(rack, "os:admin");

        // Many calls at once over one connection, a stream, and one that changes something.
        var versions = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => TestRack.Read(node).VersionAsync()));
        using var events = TestRack.Raw(node).Events(new() { TailEvents = -1 }, cancellationToken: TestRack.Cancellation);
        Assert.True(await events.ResponseStream.MoveNext(TestRack.Cancellation));
        var reboot = await TestRack.Operate(node).RebootAsync();
        await rack.UntilAsync(0, "ready", 2);

        Assert.All(versions, tag => Assert.Equal(version, tag));
        Assert.Equal(TalosFailure.None, reboot.Failure);
        // The same object connects again to the rebooted node.
        Assert.Equal(version, await TestRack.Read(node).VersionAsync());
    }

    [Fact]
    public async Task Its_role_counts_and_a_foreign_one_is_refused_by_name()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var stranger = SecretsBundle.Generate(Primitives.SemanticVersion.Parse("v1.6.0"), TimeProvider.System.GetUtcNow());

        var reader = await TestRack.Operate(Connect(rack, "os:reader")).RebootAsync();
        var foreign = Connect(rack, "os:admin", stranger);
        var refused = await TestRack.Operate(foreign).RebootAsync();

        Assert.Equal("PermissionDenied: not authorized; Reboot needs the role os:operator, and our certificate has os:reader; use one with that role", reader.Message);
        Assert.NotEqual(TalosFailure.None, refused.Failure);
        Assert.StartsWith("the node's certificate was not issued by this cluster's CA",
            await foreign.ExplainAsync(TestRack.Cancellation), StringComparison.Ordinal);
        Assert.Equal(0, rack.Count(0, "reboot"));
    }

    private static TalosConnection Connect(TestRack rack, string role, SecretsBundle? secrets = null)
    {
        var file = Talosconfig.TryRead(Write(rack, role, secrets ?? TestRack.Secrets), "", out var refusal);
        Assert.Equal("", refusal);
        return rack.Keep(TalosConnection.Secure(IPAddress.Parse(file!.Endpoints[0]), TalosConnection.DefaultPort,
            new(file.Ca, file.Certificate, file.Key)));
    }

    private static string Write(TestRack rack, string role, SecretsBundle secrets)
    {
        var key = PrivateKey.NewEd25519();
        using var leaf = CertificateAuthority.FromPem(secrets.Os.Certificate, secrets.Os.Key).Issue(
            new LeafRequest("", [role], TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeSpan.FromHours(1)), key);
        Assert.Equal("1.3.101.112", leaf.GetKeyAlgorithm());
        return Credentials.Talosconfig(secrets, "c1", [rack.Addresses[0].ToString()], new(leaf.ExportCertificatePem(), key.ToPem()));
    }
}
