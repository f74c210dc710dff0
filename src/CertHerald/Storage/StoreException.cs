namespace CertHerald.Storage;

/// <summary>The store cannot do its work: disk full, file broken, directory not writable. Retried where a loop can; said where not.</summary>
internal class StoreException : Exception
{
    public StoreException(string message) : base(message) { }

    public StoreException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>Another certherald works on this directory.</summary>
internal sealed class StoreInUseException(string directory)
    : StoreException($"another certherald works on {directory}: stop it, or give this one its own directory with --data DIR");

/// <summary>There is one copy of the store at a time: each takes as much room as the store.</summary>
internal sealed class BackupUnderWayException() : StoreException("another backup is being made and fetched: try again when it has ended");
