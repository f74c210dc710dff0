using System.Diagnostics;
using System.Text;

namespace CertHerald.Tests.Doubles;

/// <summary>Other programs of this machine. A test that needs one that is not there is left out by name.</summary>
internal static class Tool
{
    /// <summary>Its path; skips the test without it.</summary>
    public static string Find(string name)
    {
        string? path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name)).FirstOrDefault(File.Exists);
        Assert.SkipUnless(path is not null, $"left out: {name} is not installed");
        return path!;
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<Ended> RunAsync(string program, string directory, IEnumerable<string> arguments, byte[]? input = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(5));                // a failing test must end
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), errors = process.StandardError.ReadToEndAsync(limit.Token);
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input ?? [], limit.Token);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended without reading.
        }
        await process.WaitForExitAsync(limit.Token);
        return new Ended(process.ExitCode, Encoding.UTF8.GetBytes(await output), Encoding.UTF8.GetBytes(await errors));
    }
}
