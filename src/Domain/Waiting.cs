namespace Cozy.Fleet.Domain;

/// <summary>Why something is not there yet. API, CLI and traces show the same words.</summary>
/// <param name="WaitsFor">What must become true.</param>
/// <param name="Observed">What was seen last.</param>
/// <param name="Since">Since when it waits for this.</param>
/// <param name="UnblockedBy">What would end the wait, where a person can do something; else empty.</param>
public sealed record Waiting(string WaitsFor, string Observed, DateTimeOffset Since, string UnblockedBy = "");

/// <summary>One aspect of health. A null status is unknown.</summary>
public sealed record Condition(string Type, bool? Status, string Reason, string Message, DateTimeOffset LastTransitionTime);
