namespace Cozy.Fleet.Coordinator.Api.Writing;

/// <summary>One mutating call.</summary>
/// <param name="Caller">The name that the client's certificate gives.</param>
/// <param name="Uid">
/// The uid of what is created by it. It follows from the request id, so that a repetition after a crash recognises what the first
/// call had created.
/// </param>
internal sealed record Mutation(string Caller, string Uid, DateTimeOffset Now, CancellationToken Cancellation);
