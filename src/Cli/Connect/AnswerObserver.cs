namespace Cozy.Fleet.Cli.Connect;

/// <summary>Notes that the coordinator answered: what breaks afterwards is not about certificates.</summary>
internal sealed class AnswerObserver(ServerCheck check) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        check.Answered = true;
        return response;
    }
}
