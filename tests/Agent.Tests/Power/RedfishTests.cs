using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cozy.Fleet.Agent.Power;
using Cozy.Fleet.Contracts.V1;
using Grpc.Core;

namespace Cozy.Fleet.Agent.Tests.Power;

public sealed class RedfishTests
{
    private static readonly PowerOptions Options = new()
    {
        Poll = TimeSpan.FromMilliseconds(1), Grace = TimeSpan.FromSeconds(20), Limit = TimeSpan.FromSeconds(20),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, -1, false)]
    [InlineData(true, -1, false)]
    [InlineData(false, 2, false)]
    [InlineData(true, 1, true)]
    public async Task A_machine_is_switched_on_from_the_network_by_whatever_way_the_service_has(bool basic, int task, bool elsewhere)
    {
        await using var mock = await RedfishMock.StartAsync();
        (mock.HasNoSessions, mock.TaskLength, mock.HasFutureState, mock.HasActionInfo) = (basic, task, elsewhere, elsewhere);
        var result = await SwitchAsync(mock, new() { Action = PowerAction.On, NextBoot = NextBoot.Network, Uefi = true });

        Assert.Equal((CommandOutcome.Succeeded, "it was off, and is on now; it starts from the network this once"),
            (result.Outcome, result.Message));
        Assert.Equal(
            ["{\"Boot\":{\"BootSourceOverrideEnabled\":\"Once\",\"BootSourceOverrideTarget\":\"Pxe\",\"BootSourceOverrideMode\":\"UEFI\"}}", "On"],
            mock.Told);
        Assert.Equal(0, mock.OpenSessions);
    }

    [Fact]
    public async Task What_it_says_of_power_and_the_next_start_is_read()
    {
        await using var mock = await RedfishMock.StartAsync();
        Assert.Equal(new() { State = PowerState.Off, Machine = "Acme R1 S-77" }, await ReadAsync(mock));
        await SwitchAsync(mock, new() { Action = PowerAction.On, NextBoot = NextBoot.Disk });

        Assert.Equal(
            new() { State = PowerState.On, Machine = "Acme R1 S-77", NextBoot = NextBoot.Disk, NextBootDetail = "Hdd" },
                await ReadAsync(mock));
    }

    [Fact]
    public async Task A_machine_goes_down_by_itself_and_comes_back()
    {
        await using var mock = await RedfishMock.StartAsync();
        mock.Power = "On";
        var result = await SwitchAsync(mock, new() { Action = PowerAction.Cycle });

        Assert.Equal("it went down by itself, and is off, and is on again", result.Message);
        Assert.Equal(["GracefulShutdown", "On"], mock.Told);
    }

    [Fact]
    public async Task An_override_that_is_forgotten_and_a_task_that_fails_are_told_of()
    {
        await using var mock = await RedfishMock.StartAsync();
        mock.ForgetsOverride = true;
        var forgotten = await SwitchAsync(mock, new() { Action = PowerAction.On, NextBoot = NextBoot.Network });
        (mock.TaskLength, mock.TasksFail) = (0, true);
        var failed = await SwitchAsync(mock, new() { Action = PowerAction.On });

        Assert.Equal((CommandOutcome.Failed, "the BMC was told to start from Pxe next, and did not keep it"),
            (forgotten.Outcome, forgotten.Message));
        Assert.Equal((CommandOutcome.Failed, "the BMC answers 200 to the task: the fan tray is open"), (failed.Outcome, failed.Message));
    }

    [Fact]
    public async Task A_chassis_with_several_systems_wants_to_know_which()
    {
        await using var mock = await RedfishMock.StartAsync();
        mock.SystemIds = ["1", "2"];
        var unsaid = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock));
        var wrong = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock, bmc => bmc.System = "3"));
        await ReadAsync(mock, bmc => bmc.System = "1");

        Assert.Equal((StatusCode.FailedPrecondition,
            "the BMC stands for 2 systems (1, 2); tell which one is the machine's"), (unsaid.StatusCode, unsaid.Status.Detail));
        Assert.Equal("the BMC has no system 3; it has 1, 2", wrong.Status.Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_wrong_password_is_said(bool basic)
    {
        await using var mock = await RedfishMock.StartAsync();
        mock.HasNoSessions = basic;
        var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock, change: null, password: "wrong"));

        Assert.Equal((StatusCode.FailedPrecondition, "the BMC does not take the user name and the password"),
            (refused.StatusCode, refused.Status.Detail));
    }

    [Fact]
    public async Task Its_certificate_is_believed_by_its_fingerprint_or_its_ca_and_not_without()
    {
        await using var mock = await RedfishMock.StartAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var stranger = new CertificateRequest("CN=other", other,
            HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        await ReadAsync(mock, bmc => (bmc.Fingerprint, bmc.Ca) = ("", mock.Certificate.ExportCertificatePem()));
        var unpinned = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock, bmc => bmc.Fingerprint = ""));
        var changed = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock, bmc => bmc.Fingerprint = new('a', 64)));
        var foreign = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock, bmc => (bmc.Fingerprint,
            bmc.Ca) = ("", stranger.ExportCertificatePem())));

        Assert.StartsWith("no CA of this system vouches for the BMC's certificate", unpinned.Status.Detail, StringComparison.Ordinal);
        Assert.Contains(Digest(mock.Certificate), unpinned.Status.Detail, StringComparison.Ordinal);
        Assert.Equal($"the BMC's certificate has the SHA-256 {Digest(mock.Certificate)}, not the one that was told", changed.Status.Detail);
        Assert.StartsWith("the BMC's certificate does not come from the CA that was told", foreign.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_whose_links_lead_elsewhere_is_not_followed_there()
    {
        await using var mock = await RedfishMock.StartAsync();
        mock.Elsewhere = "https://evil.example/redfish/v1/Systems";
        var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(mock));

        Assert.Equal($"the BMC {mock.Address} links to another place: https://evil.example/redfish/v1/Systems", refused.Status.Detail);
    }

    [Fact]
    public async Task A_bmc_that_is_not_there_fails_without_an_effect()
    {
        var mock = await RedfishMock.StartAsync();
        var access = Access(mock);
        await mock.DisposeAsync();
        using var turns = new BmcTurns(new() { Power = Options }, TimeProvider.System);
        var result = await new PowerControl(new() { Power = Options }, turns, TimeProvider.System)
            .SwitchAsync(new() { Bmc = access, SwitchPower = new() { Action = PowerAction.On } }, Token);

        Assert.Equal((CommandOutcome.Failed, FailureClass.Transient), (result.Outcome, result.FailureClass));
        Assert.StartsWith($"the BMC {access.Bmc.Address} does not answer", result.Message, StringComparison.Ordinal);
    }

    private static BmcAccess Access(RedfishMock mock) => new()
    {
        Bmc = new()
        {
            Kind = BmcKind.Redfish, Address = mock.Address, Username = RedfishMock.Username,
            Fingerprint = Digest(mock.Certificate)
        },
        Password = RedfishMock.Password,
    };

    private static string Digest(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    private static async Task<CommandResult> SwitchAsync(RedfishMock mock, SwitchPower wanted)
    {
        using var turns = new BmcTurns(new() { Power = Options }, TimeProvider.System);
        return await new PowerControl(new() { Power = Options }, turns, TimeProvider.System)
            .SwitchAsync(new() { Bmc = Access(mock), SwitchPower = wanted }, Token);
    }

    private static async Task<PowerStatus> ReadAsync(RedfishMock mock, Action<Bmc>? change = null, string password = RedfishMock.Password)
    {
        using var turns = new BmcTurns(new() { Power = Options }, TimeProvider.System);
        var access = Access(mock);
        access.Password = password;
        change?.Invoke(access.Bmc);
        await foreach (var piece in new PowerControl(new() { Power = Options }, turns,
            TimeProvider.System).ReadAsync(new() { Bmc = access }, Token))
            return PowerStatus.Parser.ParseFrom(piece.Span);
        throw new InvalidOperationException("There was no answer.");
    }
}
