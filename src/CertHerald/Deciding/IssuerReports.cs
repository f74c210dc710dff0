using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CertHerald.Inspecting;
using CertHerald.Transparency.Certificates;

namespace CertHerald.Deciding;

/// <summary>
/// Joins reports that a user had from the CCADB. A report is known by its columns, not by its name: whatever their order, and
/// whatever else stands beside them. Owners join by name, certificates by fingerprint, CAA domains by key identifier.
/// </summary>
internal sealed class IssuerReports
{
    private const int LongestName = 300, LongestText = 4_000;

    private static ReadOnlySpan<byte> KeyIdentifierOid => [0x55, 0x1D, 0x0E];

    private readonly Dictionary<string, Owner> _owners = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Record> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Certificate> _certificates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _domainsByKeyIdentifier = new(StringComparer.Ordinal);

    /// <summary>Takes one report in. A report of no use changes nothing.</summary>
    /// <param name="problem">Why it is of no use; null if it is of use.</param>
    /// <returns>How many rows it has.</returns>
    public int Add(ReadOnlySpan<byte> csv, out string? problem)
    {
        var columns = new IssuerColumns();
        var rows = new List<string[]>();
        problem = Read(csv, columns, rows);
        if (problem is not null) return 0;

        foreach (string[] row in rows) Take(columns, row);
        return rows.Count;
    }

    /// <summary>What the reports say together.</summary>
    public IssuerBook Join(out IssuerLeftovers leftovers)
    {
        int contested = 0, ownerless = 0;
        var keys = new List<IssuerKey>();
        foreach (IGrouping<string, KeyValuePair<string, Certificate>> key in _certificates.GroupBy(each => each.Value.Key, StringComparer.Ordinal))
        {
            List<(Record Record, Certificate Certificate)> known =
                [.. from each in key where _records.ContainsKey(each.Key) select (_records[each.Key], each.Value)];
            string organization = key.Select(each => each.Value.Organization).Order(StringComparer.Ordinal).LastOrDefault("");
            if (known.Count == 0) ownerless++;
            else if (OwnerOf(known, organization) is not { } owner) contested++;
            else keys.Add(new IssuerKey(key.Key, NameOf(owner), organization, DomainsOf(key.Select(each => each.Value.KeyIdentifier))));
        }

        leftovers = new IssuerLeftovers(contested, ownerless, _records.Keys.Count(fingerprint => !_certificates.ContainsKey(fingerprint)));
        return new IssuerBook(
            [
                .. from owner in _owners.Values
                   where owner.Website.Length > 0 || owner.Domains is not null || owner.Reporting.Length > 0 || keys.Exists(key => key.Owner == owner.Name)
                   select new IssuerOwner(owner.Name, owner.Website, owner.Domains is null ? null : [.. owner.Domains], owner.Reporting),
            ],
            keys);
    }

    private static string? Read(ReadOnlySpan<byte> csv, IssuerColumns columns, List<string[]> rows)
    {
        var reader = new IssuerCsv(csv);
        var fields = new List<string>();
        if (!reader.TryRead(fields)) return reader.Problem ?? "it is empty";
        if (columns.Find(fields) is { } missing) return missing;

        int width = fields.Count;
        while (reader.TryRead(fields))
        {
            // A download that ended early ends within a row.
            if (fields.Count < width && reader.IsAtEnd)
                return $"line {reader.Line} has {fields.Count} fields, the header {width}: the report is cut short";
            rows.Add(columns.Pick(fields));
        }
        return reader.Problem ?? (rows.Count == 0 ? "it has a header and no rows" : null);
    }

    private void Take(IssuerColumns columns, string[] row)
    {
        string subordinate = Line(columns.Of(row, IssuerColumn.SubordinateOwner)), responsible = Line(columns.Of(row, IssuerColumn.Owner));
        string name = subordinate.Length > 0 ? subordinate : responsible;
        SortedSet<string>? domains = columns.Has(IssuerColumn.CaaDomains) ? DomainNames(columns.Of(row, IssuerColumn.CaaDomains)) : null;
        string? keyIdentifier = KeyIdentifier(columns.Of(row, IssuerColumn.KeyIdentifier));

        if (responsible.Length > 0)
        {
            Owner owner = OwnerNamed(responsible);
            if (owner.Website.Length == 0) owner.Website = Website(columns.Of(row, IssuerColumn.Website));
            if (owner.Reporting.Length == 0) owner.Reporting = Lines(columns.Of(row, IssuerColumn.ProblemReporting));
            // Told for one key, they are that key's.
            if (domains is { Count: > 0 } && keyIdentifier is null) (owner.Domains ??= new SortedSet<string>(StringComparer.Ordinal)).UnionWith(domains);
        }
        if (domains is { Count: > 0 } && keyIdentifier is not null)
        {
            if (_domainsByKeyIdentifier.TryGetValue(keyIdentifier, out SortedSet<string>? told)) told.UnionWith(domains);
            else _domainsByKeyIdentifier.Add(keyIdentifier, domains);
        }

        string fingerprint = Hexadecimal(columns.Of(row, IssuerColumn.Fingerprint));
        if (ReadCertificate(columns.Of(row, IssuerColumn.Pem), out Certificate? certificate, out string? own))
        {
            // The certificate's own hash counts, whatever stands beside it.
            fingerprint = own;
            _certificates[own] = certificate;
        }
        if (name.Length > 0 && fingerprint.Length == 2 * SHA256.HashSizeInBytes)
        {
            OwnerNamed(name);
            bool isRoot = columns.Of(row, IssuerColumn.RecordType).StartsWith("root", StringComparison.OrdinalIgnoreCase);
            // One report may know of a record what the other does not tell.
            if (!_records.TryGetValue(fingerprint, out Record? earlier) || !earlier.IsRoot && (isRoot || subordinate.Length > 0))
                _records[fingerprint] = new Record(name, isRoot);
        }
    }

    /// <summary>
    /// Whose a key is that several certificates hold: cross-signed, each is disclosed by who signed it. The root's owner
    /// counts, else the only one there is, else the only one that our table has under the certificate's organisation.
    /// </summary>
    private static string? OwnerOf(List<(Record Record, Certificate Certificate)> known, string organization) =>
        Only(known.Where(each => each.Record.IsRoot || each.Certificate.IsSelfIssued).Select(each => each.Record.Owner))
        ?? Only(known.Select(each => each.Record.Owner))
        ?? Only(from each in known
                where IssuerTable.All.Any(row => row.Organizations.Contains(organization) && row.IsOf(each.Record.Owner))
                select each.Record.Owner);

    private static string? Only(IEnumerable<string> owners) => owners.Distinct(StringComparer.OrdinalIgnoreCase).Take(2).ToList() is [var only] ? only : null;

    private List<string>? DomainsOf(IEnumerable<string?> keyIdentifiers)
    {
        var domains = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string? keyIdentifier in keyIdentifiers)
            if (keyIdentifier is not null && _domainsByKeyIdentifier.TryGetValue(keyIdentifier, out SortedSet<string>? told)) domains.UnionWith(told);
        return domains.Count > 0 ? [.. domains] : null;
    }

    private string NameOf(string owner) => _owners[owner].Name;

    private Owner OwnerNamed(string name)
    {
        if (!_owners.TryGetValue(name, out Owner? owner)) _owners.Add(name, owner = new Owner(name));
        return owner;
    }

    private static bool ReadCertificate(string pem, [NotNullWhen(true)] out Certificate? certificate, [NotNullWhen(true)] out string? fingerprint)
    {
        (certificate, fingerprint) = (null, null);
        // Some reports put apostrophes around it, against spreadsheets.
        if (pem.Length == 0 || PemFile.TryReadFirst(Encoding.Latin1.GetBytes(pem.Trim('\'', ' ', '\r', '\n', '\t')), "CERTIFICATE") is not { } der) return false;
        if (!CertificateView.TryRead(der, out CertificateView view)) return false;

        string? keyIdentifier = view.TryGetExtension(KeyIdentifierOid, out ReadOnlySpan<byte> value) && value is [0x04, var length, .. var octets] && length == octets.Length
            ? Convert.ToHexStringLower(octets)
            : null;
        certificate = new Certificate(
            Convert.ToHexStringLower(SHA256.HashData(view.Spki)), Line(DistinguishedName.Organization(view.Subject) ?? ""), keyIdentifier, view.Issuer.SequenceEqual(view.Subject));
        fingerprint = Convert.ToHexStringLower(SHA256.HashData(der));
        return true;
    }

    /// <summary>Hexadecimal, with or without colons, or base64: the reports have both.</summary>
    private static string? KeyIdentifier(string text)
    {
        string hexadecimal = Hexadecimal(text);
        if (hexadecimal.Length > 0 && hexadecimal.Length % 2 == 0) return hexadecimal;
        byte[] bytes = new byte[64];
        return text.Length > 0 && Convert.TryFromBase64String(text.Trim(), bytes, out int length) ? Convert.ToHexStringLower(bytes.AsSpan(0, length)) : null;
    }

    /// <summary>Lower-case, without colons and spaces; empty if it is anything else.</summary>
    private static string Hexadecimal(string text)
    {
        string plain = text.Replace(":", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Trim();
        return plain.All(char.IsAsciiHexDigit) ? plain.ToLowerInvariant() : "";
    }

    /// <summary>Only what is a domain name: some CAs write sentences here.</summary>
    private static SortedSet<string> DomainNames(string text) => new(
        from word in text.Split([',', ';', ' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries)
        let name = word.TrimEnd('.').ToLowerInvariant()
        where name.Length <= 253 && name.Contains('.', StringComparison.Ordinal) && name.Split('.').All(IsLabel) && !name.All(c => c is '.' or (>= '0' and <= '9'))
        select name, StringComparer.Ordinal);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') && label[0] != '-' && label[^1] != '-';

    /// <summary>The first address that a browser opens; some CAs give several.</summary>
    private static string Website(string text) =>
        text.Split([',', ';', ' ', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word =>
            word.Length <= LongestName && Uri.TryCreate(word, UriKind.Absolute, out Uri? uri) && uri.Scheme is "https" or "http" && uri.UserInfo.Length == 0) ?? "";

    private static string Line(string text) => Clean(text, keepLines: false, LongestName);

    private static string Lines(string text) => Clean(text, keepLines: true, LongestText);

    /// <summary>Without control characters, cut to a length: from here on it goes into webhooks and pages.</summary>
    private static string Clean(string text, bool keepLines, int longest)
    {
        var clean = new StringBuilder(text.Length);
        foreach (char c in text.ReplaceLineEndings("\n"))
            clean.Append(!char.IsControl(c) || keepLines && c == '\n' ? c : ' ');
        string trimmed = clean.ToString().Trim();
        if (trimmed.Length <= longest) return trimmed;
        int end = char.IsHighSurrogate(trimmed[longest - 1]) ? longest - 1 : longest;
        return string.Create(CultureInfo.InvariantCulture, $"{trimmed.AsSpan(0, end)}…");
    }

    private sealed class Owner(string name)
    {
        public string Name { get; } = name;

        public string Website { get; set; } = "";

        public string Reporting { get; set; } = "";

        public SortedSet<string>? Domains { get; set; }
    }

    private sealed record Record(string Owner, bool IsRoot);

    private sealed record Certificate(string Key, string Organization, string? KeyIdentifier, bool IsSelfIssued);
}

/// <summary>What could not be used of otherwise good reports.</summary>
/// <param name="ContestedKeys">Disclosed by several owners, none of them more likely.</param>
/// <param name="OwnerlessKeys">Of certificates that no report gives an owner.</param>
/// <param name="RecordsWithoutCertificate">Owned certificates that no report has the bytes of: their keys are unknown.</param>
internal sealed record IssuerLeftovers(int ContestedKeys, int OwnerlessKeys, int RecordsWithoutCertificate);
