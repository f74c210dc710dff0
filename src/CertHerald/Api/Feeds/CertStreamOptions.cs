namespace CertHerald.Api.Feeds;

/// <summary>The feed of all certificates, in the format of CertStream.</summary>
internal sealed record CertStreamOptions
{
    /// <summary>Clients that a service lets listen unless it is told otherwise.</summary>
    public const int DefaultClients = 32;

    /// <summary>Default: nobody can listen.</summary>
    public bool Enabled { get; init; }

    /// <summary>What its addresses begin with: <c>/</c>, or <c>/certstream</c> and the like.</summary>
    public string Path { get; init; } = "/";

    /// <summary>
    /// Whether anybody who reaches the service may listen. Default: whoever has a key. What is sent is public; how much of the
    /// machine and its network a stranger may take for it is the question.
    /// </summary>
    public bool Anonymous { get; init; }

    /// <summary>Whether what is caught up with is sent too, much faster than it was logged. Default: only what is read as logs grow.</summary>
    public bool CatchUp { get; init; }

    /// <summary>Clients at once.</summary>
    public int Clients { get; init; } = DefaultClients;

    /// <summary>Web pages that may listen besides those of the service's own public address: <c>https://dashboard.example.com</c>, or <c>*</c>.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];
}

/// <summary>What a client listens to. Each has its address.</summary>
[Flags]
internal enum CertStreamKinds
{
    None = 0,

    /// <summary>Without the certificate's bytes and its chain.</summary>
    Lite = 1,

    Full = 2,

    /// <summary>Names only.</summary>
    Domains = 4,
}
