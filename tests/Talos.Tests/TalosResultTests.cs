using System.Net.Sockets;
using System.Security.Authentication;
using Grpc.Core;

namespace Cozy.Fleet.Talos.Tests;

public sealed class TalosResultTests
{
    [Theory]
    [InlineData(StatusCode.Unavailable, true, TalosFailure.OutcomeUnknown)]
    [InlineData(StatusCode.Unavailable, false, TalosFailure.Transient)]
    [InlineData(StatusCode.DeadlineExceeded, true, TalosFailure.OutcomeUnknown)]
    [InlineData(StatusCode.Internal, true, TalosFailure.OutcomeUnknown)]
    [InlineData(StatusCode.FailedPrecondition, true, TalosFailure.Contention)]
    [InlineData(StatusCode.ResourceExhausted, true, TalosFailure.Contention)]
    [InlineData(StatusCode.Unknown, true, TalosFailure.Environment)]
    [InlineData(StatusCode.NotFound, true, TalosFailure.Environment)]
    [InlineData(StatusCode.AlreadyExists, true, TalosFailure.Permanent)]
    [InlineData(StatusCode.PermissionDenied, true, TalosFailure.Permanent)]
    [InlineData(StatusCode.InvalidArgument, true, TalosFailure.Permanent)]
    [InlineData(StatusCode.Unimplemented, true, TalosFailure.Permanent)]
    public void A_status_has_its_class_and_keeps_the_nodes_words(StatusCode code, bool mutating, TalosFailure failure)
    {
        var result = TalosResult.From(new(new(code, "its words")), mutating);

        Assert.Equal((failure, $"{code}: its words"), (result.Failure, result.Message));
    }

    public static TheoryData<string> NeverSent => ["refused", "wrapped", "certificate", "slow"];

    [Theory]
    [MemberData(nameof(NeverSent))]
    public void A_call_that_was_never_sent_has_no_open_outcome(string how)
    {
        Exception cause = how switch
        {
            "refused" => new SocketException((int)SocketError.ConnectionRefused),
            "wrapped" => new HttpRequestException(HttpRequestError.ConnectionError),
            "certificate" => new HttpRequestException("TLS", new AuthenticationException()),
            _ => new TaskCanceledException("connect", new TimeoutException()),
        };

        var result = TalosResult.From(new(new(StatusCode.Unavailable, "", cause)), mutating: true);

        Assert.Equal(TalosFailure.Transient, result.Failure);
    }

    [Fact]
    public void A_connection_that_broke_in_the_middle_leaves_the_outcome_open()
    {
        var cause = new HttpRequestException(HttpRequestError.ResponseEnded, null, new IOException("reset", new SocketException()));

        Assert.Equal(TalosFailure.OutcomeUnknown, TalosResult.From(new(new(StatusCode.Unavailable, "", cause)), mutating: true).Failure);
    }

    [Theory]
    [InlineData(0, TalosFailure.None, "done")]
    [InlineData(1, TalosFailure.Permanent, "the installer ended with code 1: done")]
    [InlineData(4, TalosFailure.Environment, "the installer ended with code 4: done")]
    [InlineData(5, TalosFailure.Environment, "the installer ended with code 5: done")]
    [InlineData(6, TalosFailure.Permanent, "the installer ended with code 6: done")]
    public void An_exit_code_has_its_class(int code, TalosFailure failure, string message) =>
        Assert.Equal(new TalosResult(failure, message, code), TalosResult.FromExitCode(code, "done"));

    [Fact]
    public void An_identity_in_a_log_line_shows_no_key() =>
        Assert.Equal("TalosIdentity", new TalosIdentity("ca", "certificate", "secret").ToString());
}
