using System.Net;
using CertHerald.Fetching;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

/// <summary>A log of pages of ten whose answers a test releases.</summary>
internal sealed class HeldSource : ILogSource
{
    public const int Page = 10;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private readonly List<(ulong Start, int Count, TaskCompletionSource<RawBatch> Answer, CancellationToken Token, FetchRoom? Room)> _requests = [];
    private TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string? ForeignOrigin => null;

    public int EntryBytes { get; set; } = 100;

    public ulong[] Asked => [.. _requests.Select(request => request.Start)];

    public IEnumerable<CancellationToken> TokensOfHeld => _requests.Where(request => !request.Answer.Task.IsCompleted).Select(request => request.Token);

    public int Held => _requests.Count(request => !request.Answer.Task.IsCompleted);

    public TimeSpan HeadFreshFor => TimeSpan.Zero;

    public int PageSize => Page;

    public int LeastPage => Page;

    public int AnswersIn(EntryIndex start, int count) => 1;

    public Task<MerkleHash?> GetLeafHashAsync(EntryIndex index, TreeSize head, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<RawBatch> GetAroundAsync(EntryIndex index, TreeSize head, CancellationToken cancellation, FetchRoom? room = null) => throw new NotSupportedException();

    public TreeSize BatchEnd(EntryIndex start, TreeSize head) => new(Math.Min((start.Value / Page + 1) * Page, head.Value));

    public Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation, FetchRoom? room = null)
    {
        // Continuations run within Answer: what a test reads next has happened.
        var answer = new TaskCompletionSource<RawBatch>();
        cancellation.Register(() => answer.TrySetCanceled(cancellation));
        TaskCompletionSource asked;
        lock (_requests)
        {
            _requests.Add((start.Value, atMost, answer, cancellation, room));
            (asked, _asked) = (_asked, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        asked.SetResult();
        return answer.Task;
    }

    /// <summary>Waits until there were so many requests.</summary>
    public Task WaitUntilAskedAsync(int requests) => WaitAsync(() => _requests.Count >= requests, Task.CompletedTask);

    /// <summary>Waits until a request that starts here is under way, or this has ended.</summary>
    public Task WaitUntilHeldAsync(ulong start, Task taken) => WaitAsync(
        () => taken.IsCompleted || _requests.Any(request => request.Start == start && !request.Answer.Task.IsCompleted), taken);

    /// <summary>The answer takes so many bytes as it is read.</summary>
    public void Grow(ulong start, long bytes)
    {
        (_, _, TaskCompletionSource<RawBatch> answer, _, FetchRoom? room) = Last(start);
        try
        {
            room!.Use(bytes);
        }
        catch (NoRoomException e)
        {
            answer.TrySetException(e);
        }
    }

    private async Task WaitAsync(Func<bool> until, Task ended)
    {
        while (true)
        {
            Task asked;
            lock (_requests)
            {
                if (until()) return;
                asked = _asked.Task;
            }

            await (ended.IsCompleted ? asked : Task.WhenAny(asked, ended)).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        }
    }

    private (ulong Start, int Count, TaskCompletionSource<RawBatch> Answer, CancellationToken Token, FetchRoom? Room) Last(ulong start)
    {
        lock (_requests) return _requests.Last(request => request.Start == start);
    }

    public void Answer(ulong start, int entries = Page)
    {
        (_, int count, TaskCompletionSource<RawBatch> answer, _, _) = Last(start);
        using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
        for (int i = 0; i < Math.Min(count, entries); i++) builder.Add(new byte[EntryBytes], []);
        RawBatch batch = builder.Build();
        Grow(start, batch.ByteLength);
        if (!answer.TrySetResult(batch)) batch.Dispose();
    }

    public void AnswerAll()
    {
        foreach (ulong start in _requests.Where(request => !request.Answer.Task.IsCompleted).Select(request => request.Start).ToArray()) Answer(start);
    }

    public void Fail(ulong start, HttpStatusCode? status = null) => Last(start).Answer.SetException(new LogUnavailableException("down") { Status = status });

    public void Forget() => _requests.Clear();

    public Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation) => Task.FromResult<MerkleHash[]>([]);

    public Task<SignedHead> GetHeadAsync(CancellationToken cancellation) => throw new NotSupportedException();

    public Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation, FetchRoom? room = null) => throw new NotSupportedException();

    public Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation, FetchRoom? room = null) => throw new NotSupportedException();

    public Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation) => throw new NotSupportedException();

    public Task<bool?> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

    public SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim) => throw new NotSupportedException();

    public bool ForgetTiles() => false;

    public void ForgetHead() => throw new NotSupportedException();
}
