using System.Diagnostics;
using System.Text.Json.Nodes;
using CertHerald.TestLog.Storage;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Faults;

/// <summary>Shows another head; entries, tiles and proofs agree with it. Counts heads, but changes all that goes with them.</summary>
internal abstract class HeadFault : ActiveFault
{
    public static ActiveFault? Of(string argument) => argument switch
    {
        "older" => new OlderHead(),
        "resign" => new ResignedHead(TimeSpan.Zero),
        "future" => new ResignedHead(TimeSpan.FromMinutes(5)),
        "fork" => new ForkedHead(),
        "rewrite" => new RewrittenHead(),
        "badsig" or "badsig-key" or "badsig-codes" or "badsig-tail" => new BadSignature(argument),
        "stale" => new StaleHead(),
        _ => null,
    };

    public override LogView See(Question question, LogView view)
    {
        if (!Concerns(question)) return IsOn && (question.Call & Calls.Heads) == Calls.None ? SeeRest(view) : view;
        LogView other = SeeHead(view);
        return other != view && Take() ? other : view;
    }

    /// <summary>The view when a head is asked for; the same for no lie this time.</summary>
    protected abstract LogView SeeHead(LogView view);

    /// <summary>The view when anything else is asked for.</summary>
    protected virtual LogView SeeRest(LogView view) => view;

    protected static ulong Now(Log log) => (ulong)log.Options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>F10: every second answer comes from a front end that is behind.</summary>
    private sealed class OlderHead : HeadFault
    {
        private int _asked;

        protected override LogView SeeHead(LogView view)
        {
            if ((Interlocked.Increment(ref _asked) & 1) == 0) return view;
            ulong size = view.Log.SizeBefore(view.Head.Size.Value);
            // A log that published once only: half of it.
            if (size == 0) size = view.Head.Size.Value / 2;
            return new LogView(view.Log, view.Log.SignHead(new TreeSize(size), view.Head.Timestamp - 1000));
        }
    }

    /// <summary>F11: signed anew at each look, as if by another machine. F16: so, by a clock that is ahead.</summary>
    private sealed class ResignedHead(TimeSpan ahead) : HeadFault
    {
        protected override LogView SeeHead(LogView view) =>
            new(view.Log, view.Log.SignHead(view.Head.Size, Now(view.Log) + (ulong)ahead.TotalMilliseconds, view.Other), view.Other);
    }

    /// <summary>F12: another tree of the same size. Its last leaf, as of the first look, is another.</summary>
    private sealed class ForkedHead : HeadFault
    {
        private OtherLeaf? _other;

        protected override LogView SeeHead(LogView view) => SeeRest(view);

        protected override LogView SeeRest(LogView view) => InAnother(view, view.Head.Size.Value - 1, ref _other);
    }

    /// <summary>F13: a tree that is larger than any before, and begins with another leaf.</summary>
    private sealed class RewrittenHead : HeadFault
    {
        private ulong _sizeBefore;
        private OtherLeaf? _other;

        protected override void Began() => _sizeBefore = Log.Head.Size.Value;

        protected override LogView SeeHead(LogView view) => SeeRest(view);

        protected override LogView SeeRest(LogView view) => view.Head.Size.Value > _sizeBefore ? InAnother(view, 0, ref _other) : view;
    }

    /// <summary>F14: a head that nobody can verify: another signature, another key, other algorithm codes, bytes too many.</summary>
    private sealed class BadSignature(string form) : HeadFault
    {
        private readonly Lazy<LogKey> _foreign = new(() => LogKey.Create(LogKeyKind.EcdsaP256));

        protected override LogView SeeHead(LogView view)
        {
            PublishedHead head = view.Head;
            return new LogView(
                view.Log,
                head with { Rfc6962Signature = Spoil(head, head.Rfc6962Signature), StaticCtSignature = Spoil(head, head.StaticCtSignature) },
                view.Other);
        }

        protected override void Ended()
        {
            if (_foreign.IsValueCreated) _foreign.Value.Dispose();
        }

        private byte[] Spoil(PublishedHead head, ReadOnlyMemory<byte> signature)
        {
            byte[] bytes = signature.ToArray();
            switch (form)
            {
                case "badsig": bytes[^1] ^= 1; break;
                case "badsig-key": bytes = _foreign.Value.Sign(PublishedHead.SignedBytes(head.Size, head.Timestamp, head.Root)); break;
                case "badsig-codes": bytes[0] = 2; break;
                case "badsig-tail": bytes = [.. bytes, 0]; break;
                default: throw new UnreachableException();
            }
            return bytes;
        }
    }

    /// <summary>F15: stuck at the head of when it began, while the log grows on.</summary>
    private sealed class StaleHead : HeadFault
    {
        private LogView? _stuck;

        protected override void Began() => _stuck = Log.View;

        protected override LogView SeeHead(LogView view) => _stuck!;
    }

    /// <summary>The same head over a tree with another leaf; signed once for each head.</summary>
    private LogView InAnother(LogView view, ulong index, ref OtherLeaf? other)
    {
        if (view.Head.Size.Value == 0) return view;
        lock (_views)
        {
            if (other is null)
            {
                byte[] leafInput = view.Log.ReadEntry(new EntryIndex(index)).LeafInput;
                // Another millisecond: the same certificate, so that alerts stay what they were.
                leafInput[9] ^= 1;
                other = new OtherLeaf(index, leafInput);
            }
            if (other.Index >= view.Head.Size.Value) return view;
            if (!_views.TryGetValue(view.Head, out LogView? lie))
                _views[view.Head] = lie = new LogView(view.Log, view.Log.SignHead(view.Head.Size, view.Head.Timestamp, other), other);
            return lie;
        }
    }

    private readonly Dictionary<PublishedHead, LogView> _views = [];
}

/// <summary>F26: the tree at a size, for the sizes at which tiles and proofs change shape.</summary>
internal sealed class SizeFault(ulong size) : ActiveFault
{
    private readonly Lock _gate = new();
    private LogView? _view;

    public static ActiveFault? Of(string argument) => FaultArgument.Number(argument) is { } size ? new SizeFault(size) : null;

    public override LogView See(Question question, LogView view)
    {
        if (view.Head.Size.Value <= size || !Concerns(question) || !Take()) return view;
        lock (_gate)
            return _view ??= new LogView(view.Log, view.Log.SignHead(new TreeSize(size), view.Head.Timestamp, view.Other), view.Other);
    }
}

/// <summary>
/// F36: the list says read-only, with the final head that the log had when it began. The log ends there; shows less than that;
/// or ends there with another root than the list's.
/// </summary>
internal sealed class FreezeFault(string form) : ActiveFault
{
    private LogView _final = null!, _shown = null!;

    public static ActiveFault? Of(string argument) => argument is "at" or "below" or "unlike" ? new FreezeFault(argument) : null;

    protected override void Began()
    {
        _final = _shown = Log.View;
        ulong size = _final.Head.Size.Value;
        if (form == "below" && size > 0)
            _shown = new LogView(Log, Log.SignHead(new TreeSize(Log.SizeBefore(size) is > 0 and var before ? before : size / 2), _final.Head.Timestamp));
    }

    public override LogView See(Question question, LogView view) => Concerns(question) && Take() ? _shown : view;

    public override void ChangeList(LogServer server, JsonObject list)
    {
        byte[] root = _final.Head.Root.ToArray();
        if (form == "unlike") root[0] ^= 1;
        foreach (JsonObject log in LogListFault.LogsOf(list))
            log["state"] = new JsonObject
            {
                ["readonly"] = new JsonObject
                {
                    ["timestamp"] = log["state"]!.AsObject().Single().Value!["timestamp"]!.GetValue<string>(),
                    ["final_tree_head"] = new JsonObject
                    {
                        ["sha256_root_hash"] = Convert.ToBase64String(root),
                        ["tree_size"] = _final.Head.Size.Value,
                    },
                },
            };
    }
}
