using System.Text;

namespace CertHerald.Deciding;

/// <summary>Reads comma-separated values row by row: quotes, doubled quotes, line breaks within quotes. RFC 4180, in UTF-8.</summary>
internal ref struct IssuerCsv
{
    /// <summary>Most fields of a row: five times those of the widest report.</summary>
    private const int MostFields = 512;

    private readonly ReadOnlySpan<byte> _csv;
    private int _at;
    private int _line = 1;

    public IssuerCsv(ReadOnlySpan<byte> csv) => _csv = csv.StartsWith("\uFEFF"u8) ? csv[3..] : csv;

    /// <summary>Where the last row that was read begins, from 1 on.</summary>
    public int Line { get; private set; }

    /// <summary>Nothing follows the last row that was read.</summary>
    public readonly bool IsAtEnd => _at >= _csv.Length;

    /// <summary>Why reading stopped before the end; null if it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>Reads the next row that is not empty into <paramref name="fields"/>.</summary>
    /// <returns>False at the end, and where the text is no CSV: then <see cref="Problem"/> says why.</returns>
    public bool TryRead(List<string> fields)
    {
        while (_at < _csv.Length && _csv[_at] is (byte)'\n' or (byte)'\r') SkipLineEnd();

        fields.Clear();
        Line = _line;
        if (IsAtEnd || Problem is not null) return false;
        while (true)
        {
            if (fields.Count == MostFields)
            {
                Problem = $"line {Line} has more than {MostFields} fields";
                return false;
            }
            string? field = _at < _csv.Length && _csv[_at] == '"' ? ReadQuoted() : ReadPlain();
            if (field is null) return false;

            fields.Add(field);
            if (IsAtEnd) return true;
            if (_csv[_at] != ',')
            {
                SkipLineEnd();
                return true;
            }
            _at++;
        }
    }

    private string ReadPlain()
    {
        ReadOnlySpan<byte> rest = _csv[_at..];
        int length = rest.IndexOfAny((byte)',', (byte)'\n', (byte)'\r');
        if (length < 0) length = rest.Length;
        _at += length;
        return Encoding.UTF8.GetString(rest[..length]);
    }

    private string? ReadQuoted()
    {
        int start = ++_at, from = _at;
        bool doubled = false;
        while (true)
        {
            int quote = _csv[from..].IndexOf((byte)'"');
            if (quote < 0)
            {
                Problem = $"line {Line} begins a row whose last field is quoted and never ends: the report is cut short";
                return null;
            }
            from += quote + 1;
            if (from >= _csv.Length || _csv[from] != '"') break;

            doubled = true;
            from++;
        }

        ReadOnlySpan<byte> content = _csv[start..(from - 1)];
        _line += content.Count((byte)'\n');
        _at = from;
        if (!IsAtEnd && _csv[_at] is not ((byte)',' or (byte)'\n' or (byte)'\r'))
        {
            Problem = $"line {_line} has text after a closing quote";
            return null;
        }
        string text = Encoding.UTF8.GetString(content);
        return doubled ? text.Replace("\"\"", "\"", StringComparison.Ordinal) : text;
    }

    private void SkipLineEnd()
    {
        if (_csv[_at] == '\r' && _at + 1 < _csv.Length && _csv[_at + 1] == '\n') _at++;
        _at++;
        _line++;
    }
}
