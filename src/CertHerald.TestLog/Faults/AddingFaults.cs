using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using CertHerald.TestLog.Corpora;
using CertHerald.Transparency.Merkle;

namespace CertHerald.TestLog.Faults;

/// <summary>A fault of what is added: the tree truly holds it. Of all entries added, or of those of <c>at=</c>.</summary>
internal abstract class AddingFault : ActiveFault
{
    public sealed override void Shape(ulong first, List<AddedRow> rows)
    {
        for (int i = 0; i < rows.Count; i++)
        {
            ulong index = first + (ulong)i;
            if (At is { } at && (index < at.First || index > at.Last)) continue;
            if (!Fits(rows[i]) || !Take()) continue;
            i += Shape(index, rows, i);
        }
    }

    protected virtual bool Fits(AddedRow row) => true;

    /// <returns>How many rows it put in.</returns>
    protected abstract int Shape(ulong index, List<AddedRow> rows, int place);

    /// <summary>An entry that nobody watches; the same for each index.</summary>
    protected static CorpusEntry Made(ulong index) => Corpus.Value.EntryAt(new EntryIndex(index));

    private static readonly Lazy<SyntheticCorpus> Corpus = new(() => new SyntheticCorpus());
}

/// <summary>F19: the same leaf twice.</summary>
internal sealed class DuplicateFault : AddingFault
{
    public static ActiveFault? Of(string argument) => argument.Length == 0 ? new DuplicateFault() : null;

    protected override int UsualTimes => Fault.Limits.At is null ? 1 : int.MaxValue;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        rows[place].SayIndex(index);
        rows.Insert(place + 1, new AddedRow([.. rows[place].LeafInput], rows[place].ExtraData));
        return 1;
    }
}

/// <summary>F20: entries that cannot be read, beside those that can.</summary>
internal sealed class OddEntryFault(string form) : AddingFault
{
    private const int LargestCertificate = (1 << 24) - 1;

    public static ActiveFault? Of(string argument) =>
        argument is "type" or "version" or "cut" or "tail" or "big" ? new OddEntryFault(argument) : null;

    protected override int UsualTimes => Fault.Limits.At is null ? 1 : int.MaxValue;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        CorpusEntry made = Made(index);
        byte[] leaf = made.LeafInput.ToArray();
        switch (form)
        {
            case "type": leaf[10] = 0x80; break;
            case "version": leaf[0] = 1; break;
            case "cut": leaf = leaf[..^20]; break;
            case "tail": leaf = [.. leaf, 1, 2, 3]; break;
            case "big":
                byte[] certificate = new byte[LargestCertificate];
                certificate[0] = 0x30;
                leaf = LeafFormat.LeafInput(rows[place].Timestamp, [], certificate, LeafFormat.LeafIndexExtension(index));
                break;
            default: throw new UnreachableException();
        }
        rows.Insert(place, new AddedRow(leaf, form == "big" ? [0, 0, 0] : made.ExtraData.ToArray()));
        return 1;
    }
}

/// <summary>F21: what stands beside a leaf, which no tree covers.</summary>
internal sealed class ExtraDataFault(string form) : AddingFault
{
    private static readonly Lazy<TestPrecertificate> Foreign = new(() =>
    {
        using var ca = new TestCa("Foreign Test CA");
        return ca.IssuePrecertificate("foreign.invalid");
    });

    public static ActiveFault? Of(string argument) => argument is "foreign" or "none" or "disordered" ? new ExtraDataFault(argument) : null;

    // A certificate's entry has no precertificate that could be another's.
    protected override bool Fits(AddedRow row) => form != "foreign" || row.IsPrecert;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        (byte[]? precertificate, List<byte[]> chain) = Split(rows[place]);
        if (form == "none") chain.Clear();
        if (form == "disordered")
        {
            chain.Reverse();
            chain.Insert(0, Foreign.Value.Chain[^1]);
        }
        rows[place].ExtraData = LeafFormat.ExtraData(form == "foreign" ? Foreign.Value.Der : precertificate, chain);
        return 0;
    }

    public static (byte[]? Precertificate, List<byte[]> Chain) Split(AddedRow row)
    {
        ReadOnlySpan<byte> extra = row.ExtraData;
        byte[]? precertificate = row.IsPrecert ? Next(ref extra) : null;
        List<byte[]> chain = [];
        if (extra.Length < 3) return (precertificate, chain);
        extra = extra[3..];
        while (Next(ref extra) is { } certificate) chain.Add(certificate);
        return (precertificate, chain);
    }

    private static byte[]? Next(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 3 || rest.Length < 3 + LeafFormat.ReadUInt24(rest)) return null;
        byte[] next = rest.Slice(3, LeafFormat.ReadUInt24(rest)).ToArray();
        rest = rest[(3 + next.Length)..];
        return next;
    }
}

/// <summary>F22: the same names, by way of a precertificate signing certificate.</summary>
internal sealed class SigningCertificateFault : AddingFault
{
    private const string AlternativeNames = "2.5.29.17";

    private readonly Lazy<TestCa> _ca = new(() => new TestCa("Two-Step Test CA"));

    public static ActiveFault? Of(string argument) => argument.Length == 0 ? new SigningCertificateFault() : null;

    protected override bool Fits(AddedRow row) => row.IsPrecert && NamesOf(row) is not null;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        X509Extension names = NamesOf(rows[place])!;
        TestPrecertificate precertificate =
            _ca.Value.IssuePrecertificate(new IssueRequest { ThroughSigningCertificate = true, ExtraExtensions = [names] });
        Submission submission = Submission.Read(precertificate.Chain, asPrecertificate: true, [], out _)!;
        rows[place].LeafInput = LeafFormat.LeafInput(
            rows[place].Timestamp, submission.IssuerKeyHash, submission.Signed, LeafFormat.LeafIndexExtension(index));
        rows[place].ExtraData = submission.ExtraData;
        return 0;
    }

    protected override void Ended()
    {
        if (_ca.IsValueCreated) _ca.Value.Dispose();
    }

    private static X509Extension? NamesOf(AddedRow row) =>
        ExtraDataFault.Split(row).Precertificate is { } der && CertificateParts.Read(der) is { } parts ? parts.Extension(AlternativeNames) : null;
}

/// <summary>F23: entries merged in another order than they were signed in, within the merge delay.</summary>
internal sealed class TimestampFault(ulong? hours) : AddingFault
{
    public static ActiveFault? Of(string argument) => argument.Length == 0 ? new TimestampFault(null)
        : FaultArgument.Number(argument) is { } hours and > 0 and <= 8760 ? new TimestampFault(hours) : null;

    protected override bool Fits(AddedRow row) => row.LeafInput.Length >= 12;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        ulong most = hours * 3_600_000 ?? (ulong)Log.Options.MaximumMergeDelay.TotalMilliseconds;
        rows[place].Timestamp -= Math.Min(rows[place].Timestamp, SplitMix.At(0, index).Next() % most);
        return 0;
    }
}

/// <summary>F31: leaf_index, which static-ct demands, absent, wrong or not alone.</summary>
internal sealed class ExtensionFault(string form) : AddingFault
{
    // Of a type that nobody has: type, length, content.
    private static readonly byte[] Unknown = [0x77, 0, 3, 1, 2, 3];

    public static ActiveFault? Of(string argument) => argument is "absent" or "wrong" or "second" or "archival" ? new ExtensionFault(argument) : null;

    protected override int Shape(ulong index, List<AddedRow> rows, int place)
    {
        rows[place].SetExtensions(form switch
        {
            "absent" => Unknown,
            "wrong" => LeafFormat.LeafIndexExtension(index + 1),
            "second" => [.. Unknown, .. LeafFormat.LeafIndexExtension(index)],
            _ => [],
        });
        return 0;
    }
}

/// <summary>F41: a log that grows by itself.</summary>
internal sealed class GrowFault(int perSecond) : ActiveFault
{
    private readonly Lock _gate = new();
    private readonly SyntheticCorpus _corpus = new();
    private ITimer? _timer;
    private bool _hasEnded;

    public static ActiveFault? Of(string argument) =>
        FaultArgument.Number(argument) is { } rate and > 0 and <= 1_000_000 ? new GrowFault((int)rate) : null;

    protected override void Began() =>
        _timer = Log.Options.Time.CreateTimer(_ => Grow(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    protected override void Ended()
    {
        lock (_gate) _hasEnded = true;
        _timer?.Dispose();
    }

    private void Grow()
    {
        // A slow disk makes it grow less; growth does not pile up.
        if (!_gate.TryEnter()) return;
        try
        {
            if (_hasEnded || !Take()) return;
            Log.AddCorpus(_corpus.Entries(new EntryIndex(Log.Size.Value), (ulong)perSecond));
            Log.Publish();
        }
        finally
        {
            _gate.Exit();
        }
    }
}
