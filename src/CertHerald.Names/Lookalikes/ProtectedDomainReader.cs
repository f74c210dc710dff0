using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Reads a protected domain from a line of text: the domain, then optional fields between tabs: <c>own=a.com,b.com</c>,
/// <c>allow=…</c>, <c>keywords=…</c>, <c>threshold=60</c>.
/// </summary>
public static class ProtectedDomainReader
{
    /// <summary>Of names in a list, and of keywords.</summary>
    public const int MostItems = 100_000;

    private const int LongestKeyword = 63;

    private static readonly SearchValues<char> NoName = SearchValues.Create(" *,=/:@");

    /// <summary>Reads a line that is neither empty nor a comment.</summary>
    /// <param name="problem">A clause that says what is wrong; null if it was read.</param>
    public static bool TryRead(string line, [NotNullWhen(true)] out ProtectedDomain? domain, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(line);
        domain = null;
        string[] fields = line.Split('\t', StringSplitOptions.TrimEntries);
        if (!TryReadName(fields[0], out string? name))
        {
            problem = $"{Quoted(fields[0])} is no domain";
            return false;
        }
        var read = new ProtectedDomain { Name = name };
        foreach (string field in fields.Skip(1).Where(field => field.Length > 0))
        {
            int equals = field.IndexOf('=', StringComparison.Ordinal);
            string value = field[(equals + 1)..];
            switch (equals < 0 ? "" : field[..equals])
            {
                case "own":
                    if (!TryReadNames(value, out IReadOnlyList<string> own, out problem)) return false;
                    read = read with { Own = own };
                    break;
                case "allow":
                    if (!TryReadNames(value, out IReadOnlyList<string> allowed, out problem)) return false;
                    read = read with { Allowed = allowed };
                    break;
                case "keywords":
                    string[] keywords = Items(value);
                    if (keywords.Length > MostItems || keywords.FirstOrDefault(keyword => keyword.Length > LongestKeyword) is not null)
                    {
                        problem = $"a keyword has up to {LongestKeyword} characters";
                        return false;
                    }
                    read = read with { Keywords = keywords };
                    break;
                case "threshold":
                    if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int threshold) || threshold is < 1 or > 100)
                    {
                        problem = $"{Quoted(value)} is no threshold: 1 to 100";
                        return false;
                    }
                    read = read with { Threshold = threshold };
                    break;
                default:
                    problem = $"{Quoted(field)} is no field: own=, allow=, keywords= or threshold=";
                    return false;
            }
        }
        domain = read;
        problem = null;
        return true;
    }

    /// <summary>Reads a domain's name alone: what separates fields in a line has no meaning here.</summary>
    /// <param name="problem">As for <see cref="TryRead"/>.</param>
    public static bool TryReadDomain(string text, [NotNullWhen(true)] out ProtectedDomain? domain, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryRead(text.Replace('\t', '?'), out domain, out problem);
    }

    private static bool TryReadNames(string value, out IReadOnlyList<string> names, [NotNullWhen(false)] out string? problem)
    {
        var read = new List<string>();
        names = read;
        problem = null;
        foreach (string item in Items(value))
        {
            if (read.Count < MostItems && TryReadName(item, out string? name))
            {
                read.Add(name);
                continue;
            }
            problem = read.Count < MostItems ? $"{Quoted(item)} is no domain" : "the list is too long";
            return false;
        }
        return true;
    }

    // A-labels; what is written before the name to mean all below it says nothing here.
    private static bool TryReadName(string text, [NotNullWhen(true)] out string? name)
    {
        name = null;
        if (text.StartsWith("*.", StringComparison.Ordinal)) text = text[2..];
        text = text.Trim('.');
        if (text.Length is 0 or > DnsName.MaxLength) return false;
        var labels = new List<string>();
        foreach (string label in text.Split('.'))
        {
            if (DnsName.ToALabel(label) is not { Length: > 0 and <= DnsName.MaxLabelLength } a || a.AsSpan().ContainsAny(NoName)) return false;
            labels.Add(a);
        }
        name = string.Join('.', labels);
        return name.Length <= DnsName.MaxLength;
    }

    private static string[] Items(string value) => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Quoted(string text) => $"\"{new string([.. text.Take(60).Select(c => char.IsControl(c) ? '?' : c)])}\"";
}
