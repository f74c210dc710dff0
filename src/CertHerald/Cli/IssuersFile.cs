using System.Buffers;
using CertHerald.Deciding;

namespace CertHerald.Cli;

/// <summary><c>issuers.json</c> in the data directory: the user's refresh of the table of issuers.</summary>
internal static class IssuersFile
{
    public static string PathIn(string data) => Path.Combine(data, "issuers.json");

    /// <summary>The table with the user's refresh over it. A file that cannot be read must not keep the service from starting.</summary>
    /// <param name="problem">Why the refresh is left out; null if it is in, or if there is none.</param>
    public static IssuerDirectory Load(string data, out string? problem) =>
        TryRead(data, out problem) is { } book ? IssuerDirectory.Over(book) : IssuerDirectory.BuiltIn;

    /// <summary>Null if there is none, and if it cannot be read: then <paramref name="problem"/> says why.</summary>
    public static IssuerBook? TryRead(string data, out string? problem)
    {
        string path = PathIn(data);
        problem = null;
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > IssuerBook.MostBytes) problem = $"{file.Length} bytes, above the limit of {IssuerBook.MostBytes}";
            else
            {
                byte[] bytes = new byte[file.Length];
                file.ReadExactly(bytes);
                IssuerBook? book = IssuerBook.TryRead(bytes, out problem);
                if (book is not null) return book;
            }
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = failure.Message;
        }
        problem = $"{path} cannot be used: {problem?.TrimEnd('.')}. Write it anew with 'certherald issuers refresh', or delete it.";
        return null;
    }

    /// <summary>Written beside, flushed and renamed: never half there.</summary>
    /// <exception cref="CommandFailedException">The directory cannot be written.</exception>
    public static void Write(string data, IssuerBook book)
    {
        var json = new ArrayBufferWriter<byte>(1 << 20);
        book.Write(json);
        string path = PathIn(data), fresh = path + ".new";
        try
        {
            Directory.CreateDirectory(data);
            using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write))
            {
                file.Write(json.WrittenSpan);
                file.Flush(flushToDisk: true);
            }
            File.Move(fresh, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{path} cannot be written: {failure.Message}", failure);
        }
    }
}
