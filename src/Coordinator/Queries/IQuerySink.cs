namespace Cozy.Fleet.Coordinator.Queries;

/// <summary>Where the answer of a query goes. Calls come one after the other, in the order of the answer.</summary>
public interface IQuerySink : IGrainObserver
{
    Task Receive(byte[] data);

    /// <param name="code">A gRPC status code; 0 when the answer is complete.</param>
    Task End(int code, string message);
}
