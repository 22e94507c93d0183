/*
 * Archives in object stores, one file each: s3.c, gcs.c, azure.c.
 *
 * s3://BUCKET/KEY       signed as aws.h finds credentials. S3_ENDPOINT (or AWS_ENDPOINT_URL_S3,
 *                       AWS_ENDPOINT_URL) names another server than Amazon's;
 *                       S3_FORCE_PATH_STYLE=true puts the bucket into the path, as is always done
 *                       for names with dots, and addresses.
 * gs://BUCKET/KEY       with a token of GOOGLE_APPLICATION_CREDENTIALS (a service account's key or
 *                       a user's), else gcloud's application default credentials, else the metadata
 *                       server's (GCE_METADATA_HOST); without any, as a public object.
 *                       STORAGE_EMULATOR_HOST names another server than Google's.
 * https://ACCOUNT.blob.core.windows.net/CONTAINER/BLOB (and the clouds of other countries)
 *                       the URL's own signature (SAS), else AZURE_STORAGE_ACCESS_KEY, else as a
 *                       public blob.
 */
#ifndef SLIP_CONTEXT_STORES_H
#define SLIP_CONTEXT_STORES_H

#include "steps/context/obtain_internal.h"

int slip_s3_open(struct slip_obtaining *o, int *fd, struct slip_err *err) SLIP_MUST_CHECK;
int slip_gcs_open(struct slip_obtaining *o, int *fd, struct slip_err *err) SLIP_MUST_CHECK;
int slip_azure_open(struct slip_obtaining *o, int *fd, struct slip_err *err) SLIP_MUST_CHECK;
bool slip_azure_fits(const char *where);
/*
 * The Authorization header of a GET at `date` ("Sat, 21 Nov 2026 14:00:00 GMT"), by a base64 key.
 * https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
 */
int slip_azure_sign(const char *account, const char *path, const char *date, const char *key,
	char **header, struct slip_err *err) SLIP_MUST_CHECK;

#endif
