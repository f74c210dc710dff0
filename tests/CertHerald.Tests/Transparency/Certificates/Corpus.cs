using System.Security.Cryptography;
using CertHerald.Tests.Doubles;

namespace CertHerald.Tests.Transparency.Certificates;

/// <summary>Certificates of the shared data, and what an independent parser found in them.</summary>
internal static class Corpus
{
    public sealed record Row(string Sha256, string File, string Parse, string Ca, string Poison, string Scts, string Dns,
        string NotBefore, string NotAfter, string Issuer, string Subject);

    public static IEnumerable<string> Files => Directory.GetFiles(SharedData.PathOf("certs"), "*.jsonl.gz")
        .Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal);

    public static IEnumerable<(string Sha256, byte[] Der)> Read(string file) =>
        SharedData.JsonLines("certs", file).Select(json => (json.GetProperty("sha256").GetString()!, json.GetProperty("der").GetBytesFromBase64()));

    public static IEnumerable<(string Sha256, byte[] Der)> ReadAll() => Files.SelectMany(Read);

    public static IEnumerable<Row> Index() => SharedData.Lines("certs", "index.tsv").Skip(1).Select(line => line.Split('\t'))
        .Select(f => new Row(f[0], f[1], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14], f[15]));

    public static byte[] Pem(params string[] path) => Convert.FromBase64String(PemBody(SharedData.Text(path)));

    public static IEnumerable<byte[]> FuzzInputs() => Directory.GetFiles(SharedData.PathOf("fuzz"), "*.jsonl.gz")
        .SelectMany(path => SharedData.JsonLines("fuzz", Path.GetFileName(path))).Select(json => json.GetProperty("data").GetBytesFromBase64());

    private static string PemBody(string text)
    {
        PemFields found = PemEncoding.Find(text);
        return text[found.Base64Data];
    }
}
