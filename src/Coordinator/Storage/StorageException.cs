namespace Cozy.Fleet.Coordinator.Storage;

/// <summary>The data directory cannot be used; the message is for the operator.</summary>
internal sealed class StorageException(string message, Exception? cause = null) : Exception(message, cause);
