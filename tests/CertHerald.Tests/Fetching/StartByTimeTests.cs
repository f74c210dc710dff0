using System.Buffers.Binary;
using CertHerald.Fetching;
using CertHerald.Transparency.Entries;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;
using FsCheck;
using FsCheck.Fluent;

namespace CertHerald.Tests.Fetching;

/// <summary>ct.md 11.2, F23, K19.</summary>
public sealed class StartByTimeTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SigningKey Key = new();
    private static readonly LogDescription Description = LogDescription.Custom(Key.Public, LogProtocol.Rfc6962, "http://log.example/");

    [Fact]
    public void K19_Rule_11_2_no_entry_of_the_time_or_later_is_before_the_start_if_each_was_merged_in_time() =>
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            int count = random.Next(1, 3_000);
            // Merged in order, each up to a day after the time that it bears.
            var merged = new DateTimeOffset[count];
            DateTimeOffset now = Begin;
            int most = random.Next(1, 3_600);
            for (int i = 0; i < count; i++) merged[i] = now += TimeSpan.FromSeconds(random.Next(0, most));
            DateTimeOffset[] times = [.. merged.Select(time => time - Description.Mmd * random.NextDouble())];
            var source = new DatedSource(times, random.Next(2) == 0 ? 1 : 256, _ => false);
            DateTimeOffset since = Begin + (now - Begin) * (1.2 * random.NextDouble() - 0.1);

            ulong start = Find(source, since);

            return times.Take((int)start).All(time => time < since)
                && (int)start >= merged.Count(time => time < since - Description.Mmd)
                && source.Requests <= Math.Ceiling(Math.Log2(count + 1));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Entries_that_cannot_be_read_make_the_start_earlier_and_never_later() =>
        Prop.ForAll(Gen.Choose(1, int.MaxValue).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            int count = random.Next(1, 2_000), from = random.Next(count), until = from + random.Next(count);
            double share = random.NextDouble();
            bool[] isUnreadable = [.. Enumerable.Range(0, count).Select(i => (i >= from && i < until) || random.NextDouble() < share)];
            DateTimeOffset[] times = [.. Enumerable.Range(0, count).Select(i => Begin + TimeSpan.FromHours(i) - Description.Mmd * random.NextDouble())];
            var source = new DatedSource(times, 1, i => isUnreadable[i]);
            DateTimeOffset since = Begin + TimeSpan.FromHours(random.Next(count));

            ulong start = Find(source, since);

            return times.Take((int)start).All(time => time < since) && source.Requests <= 16 * Math.Ceiling(Math.Log2(count + 1));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("2020-01-01", 0)]
    [InlineData("0001-01-01", 0)]
    [InlineData("2030-01-01", 1_000)]
    [InlineData("9999-12-31", 1_000)]
    [InlineData("2026-01-10", 8 * 24)]
    public void Rule_11_2_The_start_is_where_the_first_entries_of_that_time_may_be(string since, ulong expected)
    {
        var source = new DatedSource([.. Enumerable.Range(0, 1_000).Select(i => Begin + TimeSpan.FromHours(i))], 1, _ => false);
        Assert.True(LogStart.TryParse(since, out LogStart start));

        Assert.Equal(expected, Find(source, start.Date!.Value));
    }

    [Fact]
    public void An_empty_log_begins_at_0() => Assert.Equal(0UL, Find(new DatedSource([], 1, _ => false), Begin));

    [Theory]
    [InlineData(LogProtocol.Rfc6962)]
    [InlineData(LogProtocol.StaticCt)]
    public async Task A_real_log_is_asked_for_single_entries_or_tiles_and_for_few_of_them(LogProtocol protocol)
    {
        await using LyingLog log = await LyingLog.StartAsync(protocol, 3_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Forget();
        // Entry n bears the time of its number, in milliseconds.
        DateTimeOffset since = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + 1_234) + log.Description.Mmd;

        TreeSize start = await reader.FindStartAsync(since, head, Cancellation);

        Assert.Equal(1_234UL, start.Value);
        Assert.InRange(log.Requests.Count(), 1, 12);
        if (protocol == LogProtocol.Rfc6962) Assert.All(log.Requests, request => Assert.Matches(@"start=(\d+)&end=\1$", request));
        else Assert.Equal(log.Requests.Count(), log.Requests.Distinct().Count());
    }

    [Fact]
    public async Task A_tile_that_cannot_be_read_is_no_obstacle()
    {
        await using LyingLog log = await LyingLog.StartAsync(LogProtocol.StaticCt, 3_000);
        using LogReader reader = log.Read();
        VerifiedHead head = await reader.GetHeadAsync(Cancellation);
        log.Lie = async (path, context, body) =>
        {
            if (!path.EndsWith("tile/data/005", StringComparison.Ordinal)) return false;
            body[8] = 9;
            await context.Response.Body.WriteAsync(body);
            return true;
        };
        DateTimeOffset since = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + 2_900) + log.Description.Mmd;

        Assert.InRange((await reader.FindStartAsync(since, head, Cancellation)).Value, 0UL, 2_900UL);
    }

    private static ulong Find(DatedSource source, DateTimeOffset since)
    {
        using var reader = new LogReader(Description, source, new FetchMemory(FetchMemory.DefaultMost));
        return reader.FindStartAsync(since, Key.Head((ulong)source.Count), Cancellation).GetAwaiter().GetResult().Value;
    }

    /// <summary>A log of entries with these times.</summary>
    private sealed class DatedSource(DateTimeOffset[] times, int tile, Func<int, bool> isUnreadable) : ILogSource
    {
        public int Count => times.Length;

        public int Requests { get; private set; }

        public TimeSpan HeadFreshFor => TimeSpan.Zero;

        public int PageSize => tile;

        public int LeastPage => tile;

        public string? ForeignOrigin => null;

        public Task<MerkleHash[]?> GetInclusionAsync(EntryIndex index, MerkleHash leaf, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<MerkleHash?> GetLeafHashAsync(EntryIndex index, TreeSize head, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<RawBatch> GetAroundAsync(EntryIndex index, TreeSize head, CancellationToken cancellation)
        {
            Requests++;
            int start = (int)index.Value / tile * tile;
            using var builder = new RawBatchBuilder(new EntryIndex((ulong)start), ExtraDataForm.Rfc6962);
            for (int i = start; i < Math.Min(start + tile, times.Length); i++)
            {
                byte[] leaf = LyingLog.LeafInput(i);
                BinaryPrimitives.WriteInt64BigEndian(leaf.AsSpan(2), times[i].ToUnixTimeMilliseconds());
                if (isUnreadable(i)) leaf[0] = 9;
                builder.Add(leaf, [0, 0, 0]);
            }

            return Task.FromResult(builder.Build());
        }

        public TreeSize BatchEnd(EntryIndex start, TreeSize head) => throw new NotSupportedException();

        public int AnswersIn(EntryIndex start, int count) => throw new NotSupportedException();

        public Task<RawBatch> GetEntriesAsync(EntryIndex start, int atMost, TreeSize head, CancellationToken cancellation, FetchRoom? room = null) =>
            throw new NotSupportedException();

        public Task<MerkleHash[]> GetSubtreesAsync(TreeSize from, TreeSize until, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<SignedHead> GetHeadAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<Frontier?> GetFrontierAsync(TreeSize at, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<byte[]?> GetIssuerAsync(MerkleHash fingerprint, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<bool?> ProvesAsync(TreeSize size, MerkleHash root, VerifiedHead head, CancellationToken cancellation) => throw new NotSupportedException();

        public SignedHead? ReadHead(ReadOnlyMemory<byte> verbatim) => throw new NotSupportedException();

        public bool ForgetTiles() => false;

        public void ForgetHead() => throw new NotSupportedException();
    }
}
