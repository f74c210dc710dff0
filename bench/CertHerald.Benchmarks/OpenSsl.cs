using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace CertHerald.Benchmarks;

/// <summary>What OpenSSL's own benchmark says of this machine.</summary>
internal static class OpenSsl
{
    /// <summary>Bytes of SHA-256 a second of one processor, hashing pieces of this length; null where it is not installed.</summary>
    public static double? Sha256(int bytes)
    {
        // -elapsed is not given: it counts processor time, as we do.
        string[] arguments = ["speed", "-mr", "-evp", "sha256", "-seconds", "2", "-bytes", bytes.ToString(CultureInfo.InvariantCulture)];
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            _ = errors.Result;

            // +F:number:name:bytes a second
            string? figures = output.Split('\n').FirstOrDefault(line => line.StartsWith("+F:", StringComparison.Ordinal));
            return figures is not null && double.TryParse(figures.Split(':')[^1], CultureInfo.InvariantCulture, out double rate) ? rate : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
