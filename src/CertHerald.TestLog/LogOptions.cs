namespace CertHerald.TestLog;

/// <summary>The two protocols in which one tree is served. They have a key each, so a log list with both names two logs.</summary>
public enum LogProtocol { Rfc6962, StaticCt }

/// <summary>What a log key is. RFC 6962 §2.1.4 knows these two.</summary>
public enum LogKeyKind { EcdsaP256, Rsa2048 }

/// <summary>How a test log is set up.</summary>
public sealed record LogOptions
{
    /// <summary>As the log list carries it.</summary>
    public string Description { get; init; } = "CertHerald test log";

    /// <summary>The operator that the log list names.</summary>
    public string Operator { get; init; } = "CertHerald TestLog";

    /// <summary>
    /// Where entries, hashes, heads and keys are kept, so that a log opened again goes on. Null: a new folder for
    /// temporary files, deleted with the log.
    /// </summary>
    public string? Directory { get; init; }

    /// <summary>Gives entries and heads their timestamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The most entries that one get-entries answer holds.</summary>
    public int MaxEntriesPerAnswer { get; init; } = 1000;

    /// <summary>What the keys are if they are made now. A key file that exists stays as it is.</summary>
    public LogKeyKind KeyKind { get; init; } = LogKeyKind.EcdsaP256;

    /// <summary>PKCS#8 PEM file of the key that signs in RFC 6962; made if missing. Null: in <see cref="Directory"/>.</summary>
    public string? Rfc6962KeyFile { get; init; }

    /// <summary>The same for static-ct. With the file of <see cref="Rfc6962KeyFile"/>, both protocols are one log.</summary>
    public string? StaticCtKeyFile { get; init; }

    /// <summary>
    /// DER of the roots that get-roots names. A submitted chain must end in one of them or be issued by one.
    /// Empty: every chain is accepted that brings its issuer along.
    /// </summary>
    public IReadOnlyList<byte[]> AcceptedRoots { get; init; } = [];

    /// <summary>Whether every added entry is published at once. Not for corpora: each entry then costs two signatures.</summary>
    public bool PublishOnAdd { get; init; }

    /// <summary>Publish a new head this often, grown or not. Null: only when asked.</summary>
    public TimeSpan? PublishEvery { get; init; }

    /// <summary>As the log list carries it.</summary>
    public TimeSpan MaximumMergeDelay { get; init; } = TimeSpan.FromHours(24);
}
