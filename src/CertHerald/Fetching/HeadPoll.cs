using CertHerald.Transparency.Heads;

namespace CertHerald.Fetching;

/// <summary>Asks for a log's head, conditionally once one is known: an unchanged head costs the log nothing. Not thread-safe.</summary>
internal sealed class HeadPoll(LogHttp http, string path)
{
    private SignedHead? _last;
    private string? _etag;

    /// <summary>For how long asking again is of no use, by the last answer's word.</summary>
    public TimeSpan FreshFor { get; private set; }

    /// <param name="read">Reads a new answer, whose memory it may keep; throws <see cref="LogUnavailableException"/> if it is of no use.</param>
    public async Task<SignedHead> AskAsync(Func<byte[], SignedHead> read, CancellationToken cancellation)
    {
        using LogAnswer answer = await http.GetAsync(path, LogHttp.SmallCap, RequestPriority.Head, cancellation, _etag);
        FreshFor = answer.FreshFor;
        if (answer.NotModified && _last is not null) return _last;

        _last = read(answer.Body.ToArray());
        _etag = answer.ETag;
        return _last;
    }

    /// <summary>
    /// What came last is not the log's word. It may have been damaged on its way, under the tag of a good one: the log would
    /// answer for ever that it has not changed.
    /// </summary>
    public void Forget() => (_last, _etag) = (null, null);
}
