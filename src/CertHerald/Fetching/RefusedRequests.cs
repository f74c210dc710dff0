namespace CertHerald.Fetching;

/// <summary>
/// What a host refused when it was last asked for it. Refused again and again while other requests are answered, it is refused for
/// itself, not because of how much the host is asked: without this, one unreadable range would slow down everything that is read
/// of its host, for good. Bounded. Thread-safe.
/// </summary>
internal sealed class RefusedRequests
{
    /// <summary>Refusals, each after an answer to something else, that are no coincidence.</summary>
    public const int Enough = 3;

    private const int MostRemembered = 64;

    private readonly Dictionary<string, (int Times, long Reads)> _refused = new(StringComparer.Ordinal);

    public void Answered(string path)
    {
        lock (_refused)
            if (_refused.Count > 0) _refused.Remove(SubjectOf(path));
    }

    /// <summary>It was refused. Whether it always is, while other requests are answered.</summary>
    /// <param name="reads">Requests that the host has answered so far.</param>
    public bool IsItsOwn(string path, long reads)
    {
        string subject = SubjectOf(path);
        lock (_refused)
        {
            if (_refused.Count >= MostRemembered && !_refused.ContainsKey(subject)) _refused.Clear();
            (int times, long before) = _refused.GetValueOrDefault(subject, (0, -1));
            if (before != reads) times++;
            _refused[subject] = (times, reads);
            return times >= Enough;
        }
    }

    // Of a range, where it begins: asked for less of it, it is the same.
    private static string SubjectOf(string path) => path.IndexOf('&', StringComparison.Ordinal) is var end and >= 0 ? path[..end] : path;
}
