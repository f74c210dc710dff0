using CertHerald.TestLog;
using CertHerald.Transparency.Logs;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.TestLog;

public sealed class LogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certherald-log-tests-").FullName;

    [Fact]
    public void A_log_opened_again_has_the_same_keys_head_and_root_and_goes_on()
    {
        var corpus = new SyntheticCorpus();
        LogId rfc6962, staticCt;
        PublishedHead head;
        using (Log log = Open())
        {
            log.AddEntry([9, 9], [1]);
            log.AddCorpus(corpus.Entries(new EntryIndex(1), 700));
            head = log.Publish();
            log.AddCorpus(corpus.Entries(new EntryIndex(701), 20));
            (rfc6962, staticCt) = (log.Rfc6962Key.Id, log.StaticCtKey.Id);
        }

        using Log again = Open();
        Assert.Equal((rfc6962, staticCt), (again.Rfc6962Key.Id, again.StaticCtKey.Id));
        Assert.Equal((head.Size, head.Timestamp, head.Root), (again.Head.Size, again.Head.Timestamp, again.Head.Root));
        Assert.Equal(721UL, again.Size.Value);
        Assert.Equal(new byte[] { 9, 9 }, again.ReadEntry(new EntryIndex(0)).LeafInput);
        again.AddCorpus(corpus.Entries(new EntryIndex(721), 303));

        using var straight = new Log();
        straight.AddEntry([9, 9], [1]);
        straight.AddCorpus(corpus.Entries(new EntryIndex(1), 1023));
        Assert.Equal(straight.Publish().Root, again.Publish().Root);
        Assert.Equal(straight.ReadEntry(new EntryIndex(900)), again.ReadEntry(new EntryIndex(900)), SameRow);
    }

    [Theory]
    [InlineData("entries", 1)]
    [InlineData("entries.index", 5)]
    [InlineData("hashes/00", 40)]
    [InlineData("hashes/01", 33)]
    [InlineData("hashes/08", 32)]
    public void A_log_killed_between_its_writes_opens_with_what_is_whole(string file, int cut)
    {
        var corpus = new SyntheticCorpus();
        using (Log log = Open())
        {
            log.AddCorpus(corpus.Entries(new EntryIndex(0), 300));
            log.Publish();
            log.AddCorpus(corpus.Entries(new EntryIndex(300), 220));
        }
        using (FileStream torn = File.OpenWrite(Path.Combine(_folder, file))) torn.SetLength(torn.Length - cut);

        using Log again = Open();
        Assert.InRange(again.Size.Value, 518UL, 520UL);
        again.AddCorpus(corpus.Entries(new EntryIndex(again.Size.Value), 600 - again.Size.Value));

        using var straight = new Log();
        straight.AddCorpus(corpus.Entries(new EntryIndex(0), 600));
        Assert.Equal(straight.Publish().Root, again.Publish().Root);
    }

    [Fact]
    public void A_log_that_lost_published_entries_does_not_open()
    {
        using (Log log = Open())
        {
            log.AddCorpus(new SyntheticCorpus().Entries(new EntryIndex(0), 10));
            log.Publish();
        }
        File.Delete(Path.Combine(_folder, "entries.index"));

        Assert.Contains("10", Assert.Throws<InvalidDataException>(() => Open().Dispose()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_logs_do_not_share_a_folder()
    {
        using Log log = Open();

        Assert.Throws<IOException>(() => Open().Dispose());
    }

    [Fact]
    public void Each_entry_is_published_at_once_where_that_is_asked_for()
    {
        using var log = new Log(new LogOptions { PublishOnAdd = true });

        log.AddEntry([0, 0, 1], []);

        Assert.Equal(1UL, log.Head.Size.Value);
    }

    [Fact]
    public void A_log_that_publishes_by_the_clock_signs_each_tick_with_its_time()
    {
        var time = new OneTimer();
        using var log = new Log(new LogOptions { Time = time, PublishEvery = TimeSpan.FromSeconds(3) });
        log.AddEntry([0, 0, 1], []);
        Assert.Equal(0UL, log.Head.Size.Value);

        time.Tick();
        Assert.Equal((1UL, 3000UL), (log.Head.Size.Value, log.Head.Timestamp));

        time.Tick();
        Assert.Equal((1UL, 6000UL), (log.Head.Size.Value, log.Head.Timestamp));

        log.Dispose();
        time.Tick();
    }

    [Fact]
    public async Task A_log_takes_entries_from_many_threads_at_once()
    {
        using var log = new Log();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < 250; i++)
            {
                log.AddEntry([0, 0, (byte)thread, (byte)i], []);
                if (i % 50 == 0) log.Publish();
            }
        })));

        Assert.Equal(1000UL, log.Publish().Size.Value);
        Assert.Equal(1000, Enumerable.Range(0, 1000).Select(i => Convert.ToHexString(log.ReadEntry(new EntryIndex((ulong)i)).LeafInput)).Distinct().Count());
    }

    [Fact]
    public async Task A_log_is_read_while_it_grows()
    {
        using var log = new Log();
        Task growing = Task.Run(() =>
        {
            var corpus = new SyntheticCorpus();
            for (ulong i = 0; i < 3000; i += 30)
            {
                log.AddCorpus(corpus.Entries(new EntryIndex(i), 30));
                log.Publish();
            }
        }, TestContext.Current.CancellationToken);

        bool grows;
        do
        {
            grows = !growing.IsCompleted;
            PublishedHead head = log.Head;
            Assert.Equal(head.Root, log.RootAt(head.Size));
            if (head.Size.Value == 0) continue;
            var last = new EntryIndex(head.Size.Value - 1);
            Assert.Equal(ProofChecks.LeafHash(log.ReadEntry(last).LeafInput), log.LeafHashAt(last).ToArray());
            Assert.Equal(last, log.FindLeaf(log.LeafHashAt(last), head.Size));
        }
        while (grows);
        await growing;
        Assert.Equal(3000UL, log.Head.Size.Value);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Log Open() => new(new LogOptions { Directory = _folder });

    private static bool SameRow((byte[] Leaf, byte[] Extra) a, (byte[] Leaf, byte[] Extra) b) =>
        a.Leaf.AsSpan().SequenceEqual(b.Leaf) && a.Extra.AsSpan().SequenceEqual(b.Extra);

    /// <summary>Stands at 1970 and moves by the period of the one timer that was asked for.</summary>
    private sealed class OneTimer : TimeProvider, ITimer
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
        private TimeSpan _period;
        private Action _callback = () => { };

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _period) = (() => callback(state), period);
            return this;
        }

        public void Tick()
        {
            _now += _period;
            _callback();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
