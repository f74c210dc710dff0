using System.Globalization;
using System.Text;
using System.Text.Json;
using CertHerald.Fetching;
using CertHerald.Following;
using CertHerald.Tests.Doubles;
using CertHerald.Tests.Fetching;
using CertHerald.Transparency.Heads;
using CertHerald.Transparency.LogLists;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Following;

/// <summary>A log that serves whatever head a test writes for it; in RFC 6962 also a tree of three entries.</summary>
internal sealed class OneHeadLog : IAsyncDisposable
{
    public const string Origin = "one.example";

    private readonly ScriptedServer _server;
    private byte[] _head = [];

    private OneHeadLog(LogProtocol protocol)
    {
        Protocol = protocol;
        _server = ScriptedServer.StartAsync(async context => await context.Response.Body.WriteAsync(Answer(context.Request.Path + context.Request.QueryString)))
            .GetAwaiter().GetResult();
        Description = LogDescription.Custom(
            Key.Public, protocol, _server.Url.AbsoluteUri, protocol == LogProtocol.StaticCt ? $"https://{Origin}/" : null, "one");
    }

    public LogProtocol Protocol { get; }

    public SigningKey Key { get; } = new();

    public LogDescription Description { get; }

    public static OneHeadLog Start(LogProtocol protocol) => new(protocol);

    public static Frontier FrontierAt(int size) => Frontier.Empty.Append([.. Enumerable.Range(0, size).Select(i => MerkleHash.OfLeaf(LyingLog.LeafInput(i)))]);

    /// <summary>Signs an empty tree, or whatever tree.</summary>
    public void Sign(DateTimeOffset at, ulong size = 0, MerkleHash? root = null, string origin = Origin)
    {
        Key.Timestamp = (ulong)at.ToUnixTimeMilliseconds();
        Serve(Head(Key, size, root ?? MerkleHash.OfEmptyTree, origin));
    }

    /// <summary>A head that another key signed.</summary>
    public void SignByAnother() => Serve(Head(new SigningKey(), 0, MerkleHash.OfEmptyTree, Origin));

    public void Serve(byte[] head) => Volatile.Write(ref _head, head);

    /// <summary>One head, by a follower that starts, reads what is new, and ends where it waits for the next.</summary>
    public static async Task LookAsync(FollowingRig rig, FollowedLog followed, TimeSpan? pace = null)
    {
        using var stop = new CancellationTokenSource();
        using LogFollower follower = rig.Follower(followed, LogStart.Beginning);
        Task run = follower.RunAsync(stop.Token), waits = rig.Time.WaitForTimerAsync(pace ?? TimeSpan.FromSeconds(1));
        if (await Task.WhenAny(run, waits) == run) await run;
        await waits;
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }

    public FollowedLog Followed(FollowingRig rig) => new(new ChosenLog(Description, IsCustom: true, TimeSpan.FromSeconds(1)), rig.Time);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private byte[] Head(SigningKey key, ulong size, MerkleHash root, string origin)
    {
        if (Protocol == LogProtocol.StaticCt) return key.Checkpoint(origin, size, root);
        SignedHead head = key.Head(size, root).Signed;
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            tree_size = size,
            timestamp = head.Timestamp,
            sha256_root_hash = root.ToBase64(),
            tree_head_signature = Convert.ToBase64String(head.Signature.Span),
        });
    }

    private byte[] Answer(string path)
    {
        object EntryOf(int i) => new { leaf_input = Convert.ToBase64String(LyingLog.LeafInput(i)), extra_data = "AAAA" };
        if (path.Contains("get-entries", StringComparison.Ordinal)) return JsonSerializer.SerializeToUtf8Bytes(new { entries = Enumerable.Range(0, 3).Select(EntryOf) });
        if (!path.Contains("get-entry-and-proof?leaf_index=2&tree_size=3", StringComparison.Ordinal)) return Volatile.Read(ref _head);
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            leaf_input = Convert.ToBase64String(LyingLog.LeafInput(2)),
            extra_data = "AAAA",
            audit_path = new[] { FrontierAt(2).Root().ToBase64() },
        });
    }
}
