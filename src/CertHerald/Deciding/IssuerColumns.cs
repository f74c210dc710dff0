namespace CertHerald.Deciding;

/// <summary>What a column of a report can tell us.</summary>
internal enum IssuerColumn { Owner, SubordinateOwner, RecordType, Fingerprint, Pem, KeyIdentifier, Website, CaaDomains, ProblemReporting }

/// <summary>Finds the columns of a report by their names, in any order and among any others.</summary>
internal sealed class IssuerColumns
{
    // As the reports write them, in letters and digits only: blanks, brackets and cases differ from version to version.
    private static readonly Dictionary<string, IssuerColumn> Names = new(StringComparer.Ordinal)
    {
        ["caowner"] = IssuerColumn.Owner,
        ["owner"] = IssuerColumn.Owner,
        ["subordinatecaowner"] = IssuerColumn.SubordinateOwner,
        ["certificaterecordtype"] = IssuerColumn.RecordType,
        ["sha256fingerprint"] = IssuerColumn.Fingerprint,
        ["x509certificatepem"] = IssuerColumn.Pem,
        ["peminfo"] = IssuerColumn.Pem,
        ["pem"] = IssuerColumn.Pem,
        ["subjectkeyidentifierhex"] = IssuerColumn.KeyIdentifier,
        ["subjectkeyidentifier"] = IssuerColumn.KeyIdentifier,
        ["companywebsite"] = IssuerColumn.Website,
        ["cawebsite"] = IssuerColumn.Website,
        ["website"] = IssuerColumn.Website,
        ["recognizedcaadomains"] = IssuerColumn.CaaDomains,
        ["caaidentifiers"] = IssuerColumn.CaaDomains,
        ["problemreportingmechanism"] = IssuerColumn.ProblemReporting,
        ["problemreportingmechanisms"] = IssuerColumn.ProblemReporting,
        ["problemreporting"] = IssuerColumn.ProblemReporting,
    };

    // A report is of use if it has all of one of these.
    private static readonly IssuerColumn[][] Useful =
    [
        [IssuerColumn.Owner, IssuerColumn.Website],
        [IssuerColumn.Owner, IssuerColumn.CaaDomains],
        [IssuerColumn.Owner, IssuerColumn.ProblemReporting],
        [IssuerColumn.Owner, IssuerColumn.Fingerprint],
        [IssuerColumn.KeyIdentifier, IssuerColumn.CaaDomains],
        [IssuerColumn.Pem],
    ];

    private readonly Dictionary<IssuerColumn, int> _places = [];
    private IssuerColumn[] _picked = [];

    /// <summary>The reports that are read, by their names at the CCADB, and what of them is needed.</summary>
    public const string Reports = """
          AllCertificateRecordsCSVFormat (any version)  "CA Owner", "SHA-256 Fingerprint"
          AllCertificatePEMsCSVFormat                   "X.509 Certificate (PEM)"
          AllCAAIdentifiersReportCSV (V1 or V2)         "Recognized CAA Domains", and "Subject Key Identifier (Hex)" or "CA Owner"
          AllProblemReportingMechanismsCSV              "CA Owner", "Problem Reporting Mechanism"
          IncludedCACertificateReport, with or without PEM, and Mozilla's intermediates with PEM
                                                        "Owner" or "CA Owner", "Company Website" or "PEM Info"
        The page Resources of the CCADB (www.ccadb.org) has them all.
        """;

    public bool Has(IssuerColumn column) => _places.ContainsKey(column);

    /// <summary>Reads a header.</summary>
    /// <returns>What is missing; null if the report is of use.</returns>
    public string? Find(List<string> header)
    {
        for (int i = 0; i < header.Count; i++)
            if (Names.TryGetValue(string.Concat(header[i].Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant(), out IssuerColumn column)) _places.TryAdd(column, i);
        _picked = [.. _places.Keys.Order()];
        if (Useful.Any(set => set.All(Has))) return null;

        string found = string.Join(", ", header.Take(8).Select(name => $"\"{Inspecting.Visible.Of(name.Length > 40 ? name[..40] : name)}\""));
        return $"its first line names no columns that tell of issuers; it has {found}{(header.Count > 8 ? $" and {header.Count - 8} more" : "")}. Reports and the columns that they need:\n{Reports}";
    }

    /// <summary>The fields that we read, in our order: the rest, most of a report, is let go.</summary>
    public string[] Pick(List<string> row) => [.. _picked.Select(column => _places[column] < row.Count ? row[_places[column]] : "")];

    /// <summary>A field of a row that <see cref="Pick"/> gave; empty if the report has no such column.</summary>
    public string Of(string[] picked, IssuerColumn column) => Array.IndexOf(_picked, column) is >= 0 and int at ? picked[at] : "";
}
