using CertHerald.Fetching;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Fetching;

public sealed class FetchAheadTests
{
    private const int Page = 10;
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly HeldSource _source = new();
    private readonly FetchMemory _memory = new(FetchMemory.DefaultMost);
    private readonly SigningKey _key = new();

    [Fact]
    public async Task Answers_that_arrive_in_any_order_are_handed_out_in_the_logs()
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(50);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        Assert.Equal([0, 10, 20, 30, 40], _source.Asked);

        foreach (ulong start in new ulong[] { 40, 20, 30, 10 }) _source.Answer(start);
        Assert.False(first.IsCompleted);
        _source.Answer(0);

        Assert.Equal(0UL, (await first).Raw.Start.Value);
        for (ulong at = 10; at < 50; at += 10)
            Assert.Equal(at, (await ahead.TakeAsync(new TreeSize(at), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public void No_more_answers_are_under_way_than_allowed()
    {
        using var ahead = new FetchAhead(_source, _memory);

        _ = ahead.TakeAsync(new TreeSize(0), _key.Head(100_000), Cancellation);

        Assert.Equal(FetchAhead.MostAnswers, _source.Asked.Length);
    }

    [Fact]
    public async Task No_more_bytes_are_waiting_than_allowed_once_entries_have_shown_their_size()
    {
        using var ahead = new FetchAhead(_source, _memory);
        _source.EntryBytes = 400_000;
        VerifiedHead head = _key.Head(100_000);
        ulong at = 0;
        for (; at < 400; at += Page)
        {
            Task<Fetched> taken = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
            _source.AnswerAll();
            (await taken).Raw.Dispose();
        }

        // 4 MB an answer, and as much again and more for its text while it is on its way.
        _source.Forget();
        _ = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
        Assert.InRange(_memory.Used, 1, FetchAhead.MostBytes);
        Assert.InRange(_source.Held, 0, 2);
    }

    [Fact]
    public async Task A_reader_with_nothing_in_hand_reads_on_however_full_the_memory_of_all_is()
    {
        var full = new FetchMemory(0);
        using var ahead = new FetchAhead(_source, full);
        VerifiedHead head = _key.Head(50);

        for (ulong at = 0; at < 50; at += Page)
        {
            Task<Fetched> taken = ahead.TakeAsync(new TreeSize(at), head, Cancellation);
            Assert.Equal([at], _source.Asked);
            _source.AnswerAll();
            (await taken).Raw.Dispose();
            _source.Forget();
        }

        Assert.Equal(0, full.Used);
    }

    [Fact]
    public async Task A_short_answer_is_followed_by_its_rest_and_nothing_is_read_twice()
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(30);
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(0, entries: 4);
        Assert.Equal(4, (await taken).Raw.Count);

        taken = ahead.TakeAsync(new TreeSize(4), head, Cancellation);
        Assert.Equal([0, 10, 20, 4], _source.Asked);
        _source.Answer(4);
        Assert.Equal(6, (await taken).Raw.Count);

        _source.AnswerAll();
        Assert.Equal(10UL, (await ahead.TakeAsync(new TreeSize(10), head, Cancellation)).Raw.Start.Value);
        Assert.Equal(20UL, (await ahead.TakeAsync(new TreeSize(20), head, Cancellation)).Raw.Start.Value);
        Assert.Equal([0, 10, 20, 4], _source.Asked);
    }

    [Fact]
    public async Task The_rest_of_a_short_answer_is_asked_for_before_its_turn_comes()
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(10, entries: 1);
        _source.Answer(0);
        await first;

        _ = ahead.TakeAsync(new TreeSize(10), head, Cancellation);

        Assert.Equal([0, 10, 20, 11], _source.Asked);
    }

    [Fact]
    public async Task A_failure_surfaces_when_its_turn_comes_and_is_asked_for_again_alone()
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(30);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Fail(10);
        _source.Fail(20);
        _source.Answer(0);
        await first;

        await Assert.ThrowsAsync<LogUnavailableException>(() => ahead.TakeAsync(new TreeSize(10), head, Cancellation));
        Assert.Equal(0, _memory.Used);

        _source.Forget();
        Task<Fetched> again = ahead.TakeAsync(new TreeSize(10), head, Cancellation);
        Assert.Equal([10], _source.Asked);
        _source.Answer(10);
        await again;

        _ = ahead.TakeAsync(new TreeSize(20), head, Cancellation);
        Assert.Equal([10, 20], _source.Asked);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_rewind_or_a_new_head_starts_anew_and_lets_go_of_what_was_under_way(bool isRewind)
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(100);
        Task<Fetched> first = ahead.TakeAsync(new TreeSize(0), head, Cancellation);
        _source.Answer(0);
        _source.Answer(20);
        await first;
        CancellationToken[] before = [.. _source.Tokens];
        _source.Forget();

        VerifiedHead now = isRewind ? head : _key.Head(101);
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(isRewind ? 0UL : 10), now, Cancellation);

        Assert.All(before, token => Assert.True(token.IsCancellationRequested));
        Assert.Equal(isRewind ? 0UL : 10, _source.Asked[0]);
        _source.AnswerAll();
        (await taken).Raw.Dispose();
        ahead.Forget();
        Assert.Equal(0, _memory.Used);
    }

    [Fact]
    public async Task Whoever_stops_waiting_finds_the_answer_when_it_comes_back()
    {
        using var ahead = new FetchAhead(_source, _memory);
        VerifiedHead head = _key.Head(10);
        using var stop = new CancellationTokenSource();
        Task<Fetched> taken = ahead.TakeAsync(new TreeSize(0), head, stop.Token);
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taken);

        _source.Answer(0);

        Assert.Equal(10, (await ahead.TakeAsync(new TreeSize(0), head, Cancellation)).Raw.Count);
        Assert.Equal([0], _source.Asked);
    }

    /// <summary>A log of pages of ten whose answers a test releases.</summary>
    private sealed class HeldSource : ILogSource
    {
        private readonly List<(ulong Start, int Count, TaskCompletionSource<RawBatch> Answer, CancellationToken Token)> _requests = [];

        public string? ForeignOrigin => null;

        public int EntryBytes { get; set; } = 100;

        public ulong[] Asked => [.. _requests.Select(request => request.Start)];

        public IEnumerable<CancellationToken> Tokens => _requests.Select(request => request.Token);

        public int Held => _requests.Count(request => !request.Answer.Task.IsCompleted);

        public TimeSpan HeadFreshFor => TimeSpan.Zero;

        public TreeSize BatchEnd(EntryIndex start, TreeSize head) => new(Math.Min((start.Value / Page + 1) * Page, head.Value));

        public Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation)
        {
            // Continuations run within Answer: what a test reads next has happened.
            var answer = new TaskCompletionSource<RawBatch>();
            cancellation.Register(() => answer.TrySetCanceled(cancellation));
            _requests.Add((start.Value, atMost, answer, cancellation));
            return answer.Task;
        }

        public void Answer(ulong start, int entries = Page)
        {
            (ulong _, int count, TaskCompletionSource<RawBatch> answer, CancellationToken _) = _requests.Last(request => request.Start == start);
            using var builder = new RawBatchBuilder(new EntryIndex(start), ExtraDataForm.Rfc6962);
            for (int i = 0; i < Math.Min(count, entries); i++) builder.Add(new byte[EntryBytes], []);
            RawBatch batch = builder.Build();
            if (!answer.TrySetResult(batch)) batch.Dispose();
        }

        public void AnswerAll()
        {
            foreach (ulong start in _requests.Where(request => !request.Answer.Task.IsCompleted).Select(request => request.Start).ToArray()) Answer(start);
        }

        public void Fail(ulong start) =>
            _requests.Last(request => request.Start == start).Answer.SetException(new LogUnavailableException("down"));

        public void Forget() => _requests.Clear();

        public Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation) => Task.FromResult<MerkleHash[]>([]);

        public Task<SignedHead> GetHeadAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<bool?> ProvesAsync(Frontier known, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

        public SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim) => throw new NotSupportedException();

        public bool ForgetTiles() => false;
    }
}
