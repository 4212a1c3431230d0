using Cozy.Fleet.MachineConfig;
using Cozy.Fleet.Pki;
using Cozy.Fleet.Primitives;
using Cozy.Fleet.Talos;

namespace Cozy.Fleet.Simulator.Tests;

/// <summary>A node does not take a certificate, or a role, and our side says in one sentence which and why.</summary>
public sealed class RefusalTests
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    /// <summary>What is wrong with the certificate, the alert by its name, and what the sentence says.</summary>
    public static TheoryData<string, string, string> Certificates => new()
    {
        { "foreign", "unknown_ca", "was issued by 'O=talos', which is not the CA that is trusted here ('O=talos', SHA-256 " },
        { "expired", "certificate_expired", "expired at {end}; get a new one." },
        { "future", "certificate_expired", "is not valid before {begin}, and it is " },
        { "server as well", "bad_certificate", "has serverAuth, clientAuth, so it may not be used for Talos" },
        { "server only", "bad_certificate", "has serverAuth, so it may not be used for Talos" },
    };

    [Theory]
    [MemberData(nameof(Certificates))]
    public async Task A_certificate_that_a_node_refuses_is_named_with_its_validity_and_what_to_do(string what, string alert, string words)
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        // A CA of the same name that the node has never heard of; the node's own is known to us.
        var issuer = what == "foreign" ? Stranger() : TestRack.Secrets;
        var (begin, leaf) = Leaf(what);
        var connection = rack.Secure(0, Issue(issuer, leaf));

        var result = await TestRack.Operate(connection).RebootAsync();
        var sentence = await connection.ExplainAsync(TestRack.Cancellation);

        Assert.NotEqual(TalosFailure.None, result.Failure);
        Assert.StartsWith(
            $"the node does not accept our certificate 'O=os:admin' (valid from {begin:u} to {begin + leaf.Life:u}) ({alert}): ", sentence, StringComparison.Ordinal);
        Assert.Contains(words.Replace("{end}", $"{begin + leaf.Life:u}", StringComparison.Ordinal).Replace("{begin}", $"{begin:u}", StringComparison.Ordinal),
            sentence, StringComparison.Ordinal);
        Assert.Equal(0, rack.Count(0, "down"));
    }

    [Fact]
    public async Task A_node_of_another_cluster_is_not_talked_to()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var stranger = Stranger();
        var foreign = rack.Secure(0, "os:admin", issuer: stranger, trusted: stranger);

        Assert.Equal(TalosFailure.Transient, (await TestRack.Operate(foreign).RebootAsync()).Failure);
        var sentence = await foreign.ExplainAsync(TestRack.Cancellation);

        Assert.StartsWith("the node's certificate was not issued by this cluster's CA", sentence, StringComparison.Ordinal);
        Assert.Contains("'CN=node-0'", sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configured_node_asks_for_a_certificate_and_the_maintenance_client_is_told()
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var maintenance = rack.Maintenance(0);

        Assert.NotEqual(TalosFailure.None, (await TestRack.Operate(maintenance).RebootAsync()).Failure);
        Assert.Equal("the node asks for a certificate: it has a config and is not in maintenance mode; use the credentials of its cluster",
            await maintenance.ExplainAsync(TestRack.Cancellation));
    }

    [Theory]
    [InlineData("os:reader", "PermissionDenied: not authorized; Reboot needs the role os:operator, and our certificate has os:reader; use one with that role")]
    [InlineData("os:etcd:backup", "PermissionDenied: not authorized; Reboot needs the role os:operator, and our certificate has os:etcd:backup; use one with that role")]
    [InlineData("os:operator", null)]
    public async Task A_role_that_is_too_low_is_named_with_the_one_that_is_needed(string role, string? refusal)
    {
        await using var rack = new TestRack("v1.13.9", 1);
        await rack.BringUpAsync(controlPlanes: 1);
        var connection = rack.Secure(0, role);

        var rollback = await TestRack.Operate(connection).RollbackAsync();
        var reboot = await TestRack.Operate(connection).RebootAsync();

        Assert.Equal($"PermissionDenied: not authorized; Rollback needs the role os:admin, and our certificate has {role}; use one with that role",
            rollback.Message);
        Assert.Equal((refusal is null, refusal), (reboot.Failure == TalosFailure.None, refusal is null ? null : reboot.Message));
    }

    // talos.md 4.5: two switches of the config up to 1.11, later they are always on.
    [Theory]
    [InlineData("v1.11.6", true)]
    [InlineData("v1.12.11", false)]
    public async Task An_older_node_whose_config_says_so_checks_neither_usage_nor_role(string version, bool isTaken)
    {
        await using var rack = new TestRack(version, 1);
        await rack.BringUpAsync(controlPlanes: 1, config => config
            .Replace("apidCheckExtKeyUsage: true", "apidCheckExtKeyUsage: false", StringComparison.Ordinal)
            .Replace("rbac: true", "rbac: false", StringComparison.Ordinal));
        var both = new LeafRequest("", ["os:reader"], Now.AddMinutes(-5), TimeSpan.FromHours(1)) { IsServer = true };

        var usage = await TestRack.Operate(rack.Secure(0, Issue(TestRack.Secrets, both))).WriteMetaAsync(10, "x"u8.ToArray());
        var role = await TestRack.Operate(rack.Secure(0, "os:reader")).WriteMetaAsync(10, "x"u8.ToArray());

        Assert.Equal((isTaken, isTaken), (usage.Failure == TalosFailure.None, role.Failure == TalosFailure.None));
    }

    private static (DateTimeOffset Begin, LeafRequest Leaf) Leaf(string what)
    {
        var begin = what == "future" ? Now.AddHours(1) : Now.AddHours(-2);
        begin = DateTimeOffset.FromUnixTimeSeconds(begin.ToUnixTimeSeconds()); // A certificate knows whole seconds.
        return (begin, new("", ["os:admin"], begin, TimeSpan.FromHours(what == "expired" ? 1 : 4))
        {
            IsServer = what is "server as well" or "server only", IsClient = what != "server only",
        });
    }

    private static CertificateAndKey Issue(SecretsBundle secrets, LeafRequest leaf) =>
        CertificateAuthority.FromPem(secrets.Os.Certificate, secrets.Os.Key).Issue(leaf);

    private static SecretsBundle Stranger() => SecretsBundle.Generate(SemanticVersion.Parse("v1.6.0"), Now);
}
