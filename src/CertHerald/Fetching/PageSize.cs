namespace CertHerald.Fetching;

/// <summary>
/// Learns how many entries a log gives at once. Ranges end at multiples of the page, so that everyone who reads the log asks
/// for the same ones and its caches help. Thread-safe.
/// </summary>
/// <param name="learned">From <see cref="Learned"/> before a restart.</param>
internal sealed class PageSize(int learned = PageSize.First)
{
    public const int First = 256;
    public const int Largest = 4096;

    private const int Remembered = 8;
    private const int ProbeEvery = 64;

    private readonly Lock _gate = new();
    private readonly Queue<int> _answers = new(Remembered);
    private int _page = Math.Clamp(learned, 1, Largest);
    private int _sinceProbe;

    /// <summary>Entries that the log gives at once, as far as known.</summary>
    public int Learned
    {
        get { lock (_gate) return _page; }
    }

    /// <summary>Where a range that starts here ends: the next multiple of the page, or the head. Now and then twice as far.</summary>
    public ulong EndAfter(ulong start, ulong head)
    {
        lock (_gate)
        {
            ulong page = (ulong)_page;
            // Logs are given more capacity: without asking for more we would never know.
            if (_sinceProbe >= ProbeEvery && _page < Largest && start + 2 * page <= head)
            {
                ulong larger = Math.Min(2 * page, Largest);
                // From the middle of the larger page on there is nothing more to ask for: the next range will do.
                if ((start / larger + 1) * larger - start > page) (_sinceProbe, page) = (0, larger);
            }

            return Math.Min((start / page + 1) * page, head);
        }
    }

    /// <summary>Takes note of an answer. One that was only as long as its question, and the question short, says nothing.</summary>
    public void Learn(int asked, int got)
    {
        lock (_gate)
        {
            _sinceProbe++;
            if (got == asked && asked < _page) return;

            if (_answers.Count == Remembered) _answers.Dequeue();
            _answers.Enqueue(got);
            _page = _answers.Max();
        }
    }
}
